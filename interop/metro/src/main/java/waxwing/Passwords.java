package waxwing;

import com.sun.xml.wss.impl.callback.PasswordValidationCallback;

/** Accepts alice with the password "secret". */
public final class Passwords implements PasswordValidationCallback.PasswordValidator {
    @Override
    public boolean validate(PasswordValidationCallback.Request request) {
        PasswordValidationCallback.PlainTextPasswordRequest r = (PasswordValidationCallback.PlainTextPasswordRequest) request;
        return "alice".equals(r.getUsername()) && "secret".equals(r.getPassword());
    }
}
