use waxwing::contract::{OperationFault, service_contract};

#[service_contract(namespace = "urn:chat", name = "IChat", callback = "Listener")]
trait Quoted {
    async fn say(&self, text: &str) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:chat", name = "IChat", callback = Listener<String>)]
trait Generic {
    async fn say(&self, text: &str) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:chat", name = "IChat", callback = Listener, callback = Listener)]
trait Twice {
    async fn say(&self, text: &str) -> Result<(), OperationFault>;
}

mod names {
    use super::*;

    #[service_contract(namespace = "urn:chat", name = "IListener")]
    pub trait Listener {
        async fn heard(&self, text: &str) -> Result<(), OperationFault>;
    }

    #[service_contract(namespace = "urn:chat", name = "IChat", callback = Listener)]
    trait Chat {
        async fn say(&self, text: &str) -> Result<(), OperationFault>;
    }
}

mod nested {
    use super::*;

    #[service_contract(namespace = "urn:chat", name = "IChat")]
    pub trait Ear {
        async fn heard(&self, text: &str) -> Result<(), OperationFault>;
    }

    #[service_contract(namespace = "urn:chat", name = "IChat", callback = Ear)]
    pub trait Listener {
        async fn heard(&self, text: &str) -> Result<(), OperationFault>;
    }

    #[service_contract(namespace = "urn:chat", name = "IChat", callback = Listener)]
    trait Chat {
        async fn say(&self, text: &str) -> Result<(), OperationFault>;
    }
}

mod ending {
    use super::*;

    #[service_contract(namespace = "urn:chat", name = "IChat", session_mode = Required)]
    pub trait Listener {
        async fn heard(&self, text: &str) -> Result<(), OperationFault>;
        #[operation(is_terminating)]
        async fn gone(&self) -> Result<(), OperationFault>;
    }

    #[service_contract(namespace = "urn:chat", name = "IChat", callback = Listener)]
    trait Chat {
        async fn say(&self, text: &str) -> Result<(), OperationFault>;
    }
}

fn main() {}
