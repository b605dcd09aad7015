//! Writing the model as a file.

use crate::bindings::Binding;
use crate::config::Configuration;
use crate::config::behaviors::Behaviors;
use crate::config::endpoints::{Client, ClientEndpoint, ProtocolMappings, Services};
use crate::config::net::SystemNet;
use crate::config::waxwing::WaxwingSection;
use crate::file::writer::OutNode;
use crate::settings::Settings;

impl Configuration {
    /// The text of a file with this content; reading it gives an equal model. Values that are
    /// WCF's defaults are left out.
    pub fn to_xml(&self) -> String {
        let mut root = OutNode::new("configuration");
        let mut waxwing = OutNode::new("waxwing");
        self.waxwing.write(&WaxwingSection::default(), &mut waxwing);
        if !waxwing.is_empty() {
            let section = root.child("configSections").child("section");
            let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            section.attributes = vec![
                attribute("name", "waxwing"),
                attribute("type", "System.Configuration.IgnoreSection"),
            ];
        }
        self.write_service_model(root.child("system.serviceModel"));
        let mut net = OutNode::new("system.net");
        self.net.write(&SystemNet::default(), &mut net);
        root.push_unless_empty(net);
        root.push_unless_empty(waxwing);
        root.to_file()
    }

    fn write_service_model(&self, model: &mut OutNode) {
        // Extensions first: they register names that the other sections use.
        self.others.iter().for_each(|other| other.write(model));
        let mut services = OutNode::new("services");
        self.services.write(&Services::default(), &mut services);
        model.push_unless_empty(services);
        let mut client = OutNode::new("client");
        self.client.write(&Client::default(), &mut client);
        model.push_unless_empty(client);
        self.write_bindings(model);
        let mut behaviors = OutNode::new("behaviors");
        self.behaviors.write(&Behaviors::default(), &mut behaviors);
        model.push_unless_empty(behaviors);
        let mut mapping = OutNode::new("protocolMapping");
        self.protocol_mapping.write(&ProtocolMappings::default(), &mut mapping);
        model.push_unless_empty(mapping);
    }

    fn write_bindings(&self, model: &mut OutNode) {
        let mut bindings = OutNode::new("bindings");
        let mut written: Vec<&str> = Vec::new();
        for binding in &self.bindings {
            let section = binding.section();
            if written.contains(&section) {
                continue;
            }
            written.push(section);
            let group = bindings.child(section);
            let same = self.bindings.iter().filter(|b: &&Binding| b.section() == section);
            same.for_each(|b| b.write(group));
        }
        model.push_unless_empty(bindings);
    }
}

impl Binding {
    /// The `<binding>` alone, as it stands in its section: values that are WCF's defaults are left out.
    pub fn to_element(&self) -> String {
        let mut section = OutNode::new(self.section());
        self.write(&mut section);
        section.children.first().map(OutNode::to_element).unwrap_or_default()
    }
}

impl ClientEndpoint {
    /// The `<endpoint>` alone, as it stands in `<client>`.
    pub fn to_element(&self) -> String {
        let mut out = OutNode::new("endpoint");
        self.write(&ClientEndpoint::default(), &mut out);
        out.to_element()
    }
}
