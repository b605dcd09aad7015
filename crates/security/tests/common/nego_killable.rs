//! A client and a service whose processes can be killed: what they keep goes through its octets.
#![allow(dead_code, unreachable_pub)]

use waxwing_security::conversation::{
    ClientOptions, ClientSecurity, SavedClientContext, SavedContext, SecuritySession, ServiceError,
    ServiceOptions, ServiceSecurity,
};

use super::nego::{Pair, Seeded, Setup, moment};

/// Two ends whose processes can be killed.
pub struct Killable {
    pub pair: Pair,
    pub client_options: ClientOptions,
    pub service_options: ServiceOptions,
    kills: u64,
}

impl std::ops::Deref for Killable {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        &self.pair
    }
}

impl std::ops::DerefMut for Killable {
    fn deref_mut(&mut self) -> &mut Pair {
        &mut self.pair
    }
}

impl Killable {
    pub fn new(setup: Setup) -> Self {
        let mut setup = setup;
        setup.service.durable = true;
        let (client_options, service_options) = (setup.client.clone(), setup.service.clone());
        Self { pair: setup.build(), client_options, service_options, kills: 0 }
    }

    pub fn opened(setup: Setup) -> Self {
        let mut both = Self::new(setup);
        both.open().unwrap();
        both
    }

    pub fn kept_of(&self, session: &SecuritySession) -> SavedContext {
        through(&self.pair.service.security.save(session))
    }

    pub fn session(&self) -> SecuritySession {
        let context = self.client_context();
        self.pair.service.security.session(&context).expect("the session is there")
    }

    pub fn client_context(&self) -> String {
        self.pair.client.context().expect("a session").identifier.to_string()
    }

    /// What the service keeps, through its octets.
    pub fn kept(&self) -> SavedContext {
        through(&self.pair.service.security.save(&self.session()))
    }

    pub fn client_kept(&self) -> SavedClientContext {
        through(&self.pair.client.save().expect("something to keep"))
    }

    /// Another process of the service, with nothing.
    pub fn new_service(&mut self) {
        self.kills += 1;
        let mut seeded = Seeded(5000 + self.kills);
        self.pair.service.security =
            ServiceSecurity::new(self.service_options.clone(), &mut seeded).unwrap();
    }

    pub fn restore(&mut self, saved: &SavedContext) -> Result<SecuritySession, ServiceError> {
        let now = self.pair.service.now(self.pair.now);
        let service = &mut self.pair.service;
        service.security.restore(saved, &mut moment(now, &mut service.random))
    }

    /// Another process of the service, with what the last one kept last.
    pub fn kill_service(&mut self, kept: &SavedContext) {
        self.new_service();
        self.restore(kept).unwrap();
    }

    pub fn kill_client(&mut self, kept: &SavedClientContext) {
        self.kills += 1;
        self.pair.client.security = self.another_client();
        let pair = &mut self.pair;
        pair.client.security.restore(kept, &mut moment(pair.now, &mut pair.random)).unwrap();
    }

    pub fn another_client(&self) -> ClientSecurity {
        ClientSecurity::new(self.client_options.clone(), &mut Seeded(9000 + self.kills)).unwrap()
    }
}

fn through<T: serde::Serialize + serde::de::DeserializeOwned>(saved: &T) -> T {
    serde_json::from_slice(&serde_json::to_vec(saved).unwrap()).unwrap()
}
