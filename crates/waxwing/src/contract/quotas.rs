//! What the values of a message may hold, as far as an endpoint says so.

use waxwing_binding::EffectiveEndpoint;
use waxwing_datacontract::{ReadOptions, WriteOptions};

/// Limits of the values in messages: `maxItemsInObjectGraph`, `maxArrayLength` and
/// `maxStringContentLength`. What an endpoint does not set is as wide
/// as a message can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectQuotas {
    /// Most values in one parameter or result, read or written (`<dataContractSerializer maxItemsInObjectGraph>`).
    pub max_items_in_object_graph: u32,
    /// Most octets of one `base64Binary`, and most items of one array of values, read
    /// ([`ReadOptions::max_array_length`]; `<readerQuotas maxArrayLength>`).
    pub max_array_length: u32,
    /// Most UTF-16 units of one string, read (`<readerQuotas maxStringContentLength>`).
    pub max_string_content_length: u32,
}

impl Default for ObjectQuotas {
    fn default() -> Self {
        let read = ReadOptions::default();
        Self {
            max_items_in_object_graph: read.max_items,
            max_array_length: read.max_array_length,
            max_string_content_length: read.max_string_length,
        }
    }
}

impl ObjectQuotas {
    /// Those of an endpoint. What its own behavior says goes before what its service's behavior says.
    pub(crate) fn of(endpoint: &EffectiveEndpoint) -> Self {
        let own = endpoint.endpoint_behavior.data_contract_serializer.as_ref();
        let service = endpoint.service_behavior.data_contract_serializer.as_ref();
        let default = Self::default();
        Self {
            max_items_in_object_graph: own
                .or(service)
                .map_or(default.max_items_in_object_graph, |set| set.max_items_in_object_graph),
            max_array_length: endpoint.quotas.max_array_length,
            max_string_content_length: endpoint.quotas.max_string_content_length,
        }
    }

    pub(super) fn read_options(self) -> ReadOptions {
        ReadOptions {
            max_items: self.max_items_in_object_graph,
            max_array_length: self.max_array_length,
            max_string_length: self.max_string_content_length,
            ..ReadOptions::default()
        }
    }

    pub(super) fn write_options(self) -> WriteOptions {
        WriteOptions { max_items: self.max_items_in_object_graph, ..WriteOptions::default() }
    }
}
