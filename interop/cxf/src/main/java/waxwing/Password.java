package waxwing;

import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import org.apache.wss4j.common.ext.WSPasswordCallback;

/** The password of the test key stores, and that of alice. */
public final class Password implements CallbackHandler {
    @Override
    public void handle(Callback[] callbacks) {
        for (Callback c : callbacks) {
            if (c instanceof WSPasswordCallback p) {
                p.setPassword(p.getUsage() == WSPasswordCallback.USERNAME_TOKEN ? "secret" : "changeit");
            }
        }
    }
}
