//! A choice or a group that occurs several times.

use waxwing_xml::Element;

use super::content::{Offer, XmlContent};
use crate::ReadError;
use crate::reader::Reader;

/// What was read of a repeated part: those that are complete, and the one that may still take something.
pub struct Repeated<C: XmlContent> {
    done: Vec<C>,
    open: C::Slots,
}

impl<C: XmlContent> Default for Repeated<C> {
    fn default() -> Self {
        Self { done: Vec::new(), open: C::Slots::default() }
    }
}

impl<C: XmlContent> Repeated<C> {
    /// Offers an element to the part that is open, then to a new one. Inside a part the order counts: it is all that tells
    /// where the next one begins.
    pub fn take_element(
        &mut self,
        reader: &mut Reader,
        child: Element<'_>,
        offer: Offer,
    ) -> Result<bool, ReadError> {
        let offer = Offer { in_sequence: true, ..offer };
        let parent = child.parent().unwrap_or(child);
        self.offer(reader, parent, |slots, reader| C::take_element(slots, reader, child, offer))
    }

    /// The same of text in mixed content.
    pub fn take_text(
        &mut self,
        reader: &mut Reader,
        element: Element<'_>,
        text: &str,
        mixed: bool,
    ) -> Result<bool, ReadError> {
        self.offer(reader, element, |slots, reader| {
            C::take_text(slots, reader, element, text, mixed)
        })
    }

    fn offer(
        &mut self,
        reader: &mut Reader,
        parent: Element<'_>,
        take: impl Fn(&mut C::Slots, &mut Reader) -> Result<bool, ReadError>,
    ) -> Result<bool, ReadError> {
        if take(&mut self.open, reader)? {
            return Ok(true);
        }
        if C::is_untouched(&self.open) {
            return Ok(false);
        }
        let mut next = C::Slots::default();
        if !take(&mut next, reader)? {
            return Ok(false);
        }
        let complete = std::mem::replace(&mut self.open, next);
        self.done.push(C::finish(complete, reader, parent)?);
        Ok(true)
    }

    /// True while nothing was taken.
    pub fn is_untouched(&self) -> bool {
        self.done.is_empty() && C::is_untouched(&self.open)
    }

    /// All parts.
    pub fn finish(
        mut self,
        reader: &mut Reader,
        element: Element<'_>,
    ) -> Result<Vec<C>, ReadError> {
        if !C::is_untouched(&self.open) {
            self.done.push(C::finish(self.open, reader, element)?);
        }
        Ok(self.done)
    }
}
