//! Makes `orders.rs` of `metadata/orders.wsdl`, again whenever that changes.

fn main() -> Result<(), waxwing_build::ImportError> {
    waxwing_build::import("metadata/orders.wsdl")?;
    Ok(())
}
