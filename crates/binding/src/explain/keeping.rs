//! What of an endpoint survives the end of its process, by `<store>`, `<node>` and `<outbox>` of the section `<waxwing>`.

use super::words::span;
use crate::StoreProvider;
use crate::config::Configuration;
use crate::config::keeping::Store;
use crate::effective::{EffectiveEndpoint, Role};

/// In plain words; nothing where nothing is kept.
pub(super) fn kept(configuration: &Configuration, endpoint: &EffectiveEndpoint) -> Vec<String> {
    // Sessions over connections are not kept yet: the host and the outbox refuse them.
    if endpoint.reliable_session.is_none() || endpoint.channel_shape(false).is_duplex() {
        return Vec::new();
    }
    let section = &configuration.waxwing;
    match endpoint.role {
        Role::Service => {
            let node = section.node.name.as_ref().map(|name| {
                format!(
                    "this process is the node {name}, which the others reach at {}: a message of a session that another one has is \
                     handed to that",
                    section.node.address
                )
            });
            place(&section.store).into_iter().map(|place| {
                let store = &section.store;
                let how = match store.provider {
                    Some(StoreProvider::Postgres) => format!(
                        "goes on when the process is killed, at another node after {} of silence",
                        span(store.dead_after)
                    ),
                    _ => "goes on when the process was killed and is started again".to_owned(),
                };
                format!("the session is kept in {place}, and {how}")
            })
            .chain(node)
            .collect()
        }
        Role::Client => {
            let own = section.outboxes.iter().filter(|own| own.endpoint_name() == endpoint.name);
            let own = own.filter_map(|own| {
                let place = place(own.store.as_ref().unwrap_or(&section.store))?;
                Some(format!(
                    "calls of the outbox \"{}\" are kept in {place}, and delivered across restarts; at most {} under way",
                    own.name, own.in_flight
                ))
            });
            own.collect()
        }
    }
}

fn place(store: &Store) -> Option<String> {
    Some(match store.provider? {
        StoreProvider::Sqlite => format!("the file {}", store.path.as_deref().unwrap_or_default()),
        StoreProvider::Postgres if store.shards.len() > 1 => {
            format!("{} databases of PostgreSQL", store.shards.len())
        }
        StoreProvider::Postgres => format!("PostgreSQL (schema {})", store.schema),
    })
}

#[cfg(test)]
mod tests {
    use crate::Configuration;

    #[test]
    fn what_is_kept_is_told_at_both_ends() {
        let told = |section: &str| {
            let endpoint = "address=\"http://h/o\" binding=\"wsHttpBinding\" bindingConfiguration=\"B\" contract=\"I\"";
            let text = format!(
                "<configuration><configSections><section name=\"waxwing\" type=\"System.Configuration.IgnoreSection\"/></configSections>\
                 <system.serviceModel><client><endpoint name=\"orders\" {endpoint}/></client>\
                 <services><service name=\"S\"><endpoint {endpoint}/></service></services>\
                 <bindings><wsHttpBinding><binding name=\"B\"><reliableSession enabled=\"true\"/><security mode=\"None\"/></binding></wsHttpBinding></bindings>\
                 </system.serviceModel><waxwing>{section}</waxwing></configuration>"
            );
            let all = Configuration::load(&text).configuration.explain();
            [all[0].to_string(), all[1].to_string()]
        };
        let [client, service] = told("");
        assert!(!client.contains("kept in") && !service.contains("kept in"));
        let [client, service] = told(
            "<store provider=\"sqlite\" path=\"a.db\"/><outbox name=\"orders\" inFlight=\"2\"/>",
        );
        assert!(
            client.contains("outbox \"orders\" are kept in the file a.db")
                && client.contains("at most 2"),
            "{client}"
        );
        assert!(
            service.contains("kept in the file a.db, and goes on when the process was killed"),
            "{service}"
        );
        let [client, service] = told(
            "<store provider=\"postgres\" url=\"host=h\" keyVariable=\"K\" deadAfter=\"00:00:20\"/><node name=\"a\" address=\"a:1\"/>",
        );
        assert!(!client.contains("kept in"), "{client}");
        assert!(
            service.contains("PostgreSQL (schema waxwing)") && service.contains("after 20 s"),
            "{service}"
        );
        assert!(service.contains("the node a, which the others reach at a:1"), "{service}");
    }
}
