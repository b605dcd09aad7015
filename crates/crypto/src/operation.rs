//! Operations of an RSA key, set up once for many: to look its algorithms up and to set its parameters takes OpenSSL longer than
//! all of an operation with a public key but its arithmetic.

use std::sync::{Mutex, MutexGuard, PoisonError};

use openssl::error::ErrorStack;
use openssl::pkey_ctx::{PkeyCtx, PkeyCtxRef};

/// How many are kept set up: as many as ran at once, up to this.
const MOST: usize = 16;

/// One kind of operation with one key: signing with SHA-1, for instance. What is kept holds the library's key, which is wiped
/// with the last of them.
pub(crate) struct Operation<T>(Mutex<Vec<PkeyCtx<T>>>);

impl<T> Default for Operation<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Operation<T> {
    /// Does it once: `set_up` makes what does it where all that there are do it for others.
    ///
    /// What did it does it again whether or not it failed: if failures were followed by another setting up, whoever measures
    /// the time of the next message would learn of them.
    ///
    /// # Errors
    /// Those of the two.
    pub(crate) fn run<R>(
        &self,
        set_up: impl FnOnce() -> Result<PkeyCtx<T>, ErrorStack>,
        run: impl FnOnce(&mut PkeyCtxRef<T>) -> Result<R, ErrorStack>,
    ) -> Result<R, ErrorStack> {
        let kept = self.lock().pop();
        let mut context = match kept {
            Some(context) => context,
            None => set_up()?,
        };
        let result = run(&mut context);
        let mut kept = self.lock();
        if kept.len() < MOST {
            kept.push(context);
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PkeyCtx<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::{Padding, Rsa};

    use super::*;

    fn decrypting(key: &PKey<Private>) -> Result<PkeyCtx<Private>, ErrorStack> {
        let mut context = PkeyCtx::new(key)?;
        context.decrypt_init()?;
        context.set_rsa_padding(Padding::PKCS1_OAEP)?;
        Ok(context)
    }

    #[test]
    fn it_is_set_up_once_for_those_that_follow_one_another() {
        let key = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
        let mut encrypting = PkeyCtx::new(&key).unwrap();
        encrypting.encrypt_init().unwrap();
        encrypting.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
        let operation = Operation::default();
        let mut setups = 0;
        // What fails spoils nothing: the next one is right, and nothing is set up for it.
        for broken in [false, true, false, true, true, false] {
            let mut encrypted = Vec::new();
            encrypting.encrypt_to_vec(b"a key", &mut encrypted).unwrap();
            encrypted[5] ^= u8::from(broken);
            let mut out = Vec::new();
            let set_up = || {
                setups += 1;
                decrypting(&key)
            };
            let done =
                operation.run(set_up, |context| context.decrypt_to_vec(&encrypted, &mut out));
            assert_eq!(done.is_err(), broken);
            assert!(broken || out == b"a key");
        }
        assert_eq!((setups, operation.lock().len()), (1, 1));
    }

    #[test]
    fn those_at_once_do_not_wait_for_each_other_and_their_number_is_bounded() {
        fn nested(operation: &Operation<Private>, key: &PKey<Private>, depth: usize) {
            let run = |_: &mut PkeyCtxRef<Private>| {
                if depth > 1 {
                    nested(operation, key, depth - 1);
                }
                Ok(())
            };
            operation.run(|| decrypting(key), run).unwrap();
        }
        let key = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
        let operation = Operation::default();
        nested(&operation, &key, MOST + 3);
        assert_eq!(operation.lock().len(), MOST);
    }
}
