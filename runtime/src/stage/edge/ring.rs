//! A queue of chunks that goes round: a chunk that comes is swapped for an emptied one, which was left in its place. So there
//! is no list of those. Invariant: what lies outside of the queue is empty.

use super::{Cargo, SPARES};

#[derive(Debug)]
pub(crate) struct Ring<C> {
    places: Box<[Option<C>]>,
    first: u32,
    len: u32,
}

impl<C: Cargo> Ring<C> {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds the chunk, and leaves an emptied one.
    #[inline]
    pub(super) fn push(&mut self, chunk: &mut C) {
        let place = self.next_place();
        let spare = place.take().unwrap_or_default();
        *place = Some(std::mem::replace(chunk, spare));
        self.len += 1;
    }

    /// Adds the first `n` messages of the chunk.
    #[inline]
    pub(super) fn push_front_of(&mut self, n: usize, chunk: &mut C) {
        if n >= chunk.len() {
            return self.push(chunk);
        }
        chunk.move_front(n, self.next_place().get_or_insert_default());
        self.len += 1;
    }

    #[inline]
    pub(super) fn front_mut(&mut self) -> Option<&mut C> {
        if self.is_empty() { None } else { self.places[self.first as usize].as_mut() }
    }

    #[inline]
    pub(super) fn back_mut(&mut self) -> Option<&mut C> {
        let last = self.len.checked_sub(1)?;
        let place = self.place(last);
        self.places[place].as_mut()
    }

    /// Leaves the first chunk behind, which is empty by now.
    #[inline]
    pub(super) fn pass(&mut self) {
        debug_assert!(self.front_mut().is_some_and(|front| front.is_empty()));
        if self.first as usize >= SPARES {
            self.places[self.first as usize] = None;
        }
        self.first = self.place(1) as u32;
        self.len -= 1;
        if self.len == 0 {
            // The places that were used last are the nearest.
            self.first = 0;
        }
    }

    /// Leaves all chunks behind, which are empty by now.
    pub(super) fn pass_all(&mut self) {
        while !self.is_empty() {
            self.pass();
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &C> {
        (0..self.len).filter_map(|n| self.places[self.place(n)].as_ref())
    }

    /// Calls `work` with all chunks, in their order.
    pub(crate) fn for_each_mut(&mut self, mut work: impl FnMut(&mut C)) {
        for n in 0..self.len {
            let place = self.place(n);
            if let Some(chunk) = &mut self.places[place] {
                work(chunk);
            }
        }
    }

    /// Where the chunk is that comes so many after the first.
    #[inline]
    fn place(&self, n: u32) -> usize {
        let place = self.first as usize + n as usize;
        if place < self.places.len() { place } else { place - self.places.len() }
    }

    /// Where the next chunk comes.
    #[inline]
    fn next_place(&mut self) -> &mut Option<C> {
        if self.len as usize == self.places.len() {
            self.grow();
        }
        let place = self.place(self.len);
        &mut self.places[place]
    }

    #[cold]
    fn grow(&mut self) {
        let mut places = std::mem::take(&mut self.places).into_vec();
        places.rotate_left(self.first as usize);
        self.first = 0;
        places.resize_with((2 * places.len()).max(4), || None);
        self.places = places.into_boxed_slice();
    }
}

impl<C> Default for Ring<C> {
    fn default() -> Self {
        Self { places: Box::default(), first: 0, len: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(ring: &Ring<Vec<u32>>) -> Vec<Vec<u32>> {
        ring.iter().cloned().collect()
    }

    #[test]
    fn chunks_come_out_as_they_went_in_however_often_it_grows_or_goes_round() {
        let mut ring = Ring::default();
        let (mut next, mut oldest) = (0, 0);
        for round in 1..40 {
            for _ in 0..round {
                ring.push(&mut vec![next]);
                next += 1;
            }
            assert_eq!(contents(&ring), (oldest..next).map(|n| vec![n]).collect::<Vec<_>>());
            assert_eq!(ring.back_mut(), Some(&mut vec![next - 1]));
            for _ in 0..round - 1 {
                assert_eq!(ring.front_mut().map(std::mem::take), Some(vec![oldest]));
                ring.pass();
                oldest += 1;
            }
        }
        ring.for_each_mut(Vec::clear);
        ring.pass_all();
        assert!(ring.is_empty() && ring.front_mut().is_none() && ring.back_mut().is_none());
    }

    #[test]
    fn a_chunk_is_swapped_for_one_that_was_emptied_in_its_place() {
        let mut ring = Ring::default();
        let mut chunk = Vec::with_capacity(100);
        chunk.push(1);
        ring.push(&mut chunk);
        assert_eq!((chunk.len(), chunk.capacity()), (0, 0), "there was none");
        ring.front_mut().unwrap().clear();
        ring.pass();
        let mut other = vec![2, 3];
        ring.push_front_of(1, &mut other);
        assert_eq!((contents(&ring), &*other), (vec![vec![2]], &[3][..]), "a part fills the emptied one");
        assert!(ring.front_mut().unwrap().capacity() >= 100);
        ring.front_mut().unwrap().clear();
        ring.pass();
        ring.push_front_of(1, &mut other);
        assert!(other.is_empty() && other.capacity() >= 100, "all of a chunk is swapped");
    }

    #[test]
    fn few_places_keep_what_was_emptied() {
        let mut ring = Ring::default();
        (0..2 * SPARES).for_each(|_| ring.push(&mut vec![0]));
        ring.for_each_mut(Vec::clear);
        ring.pass_all();
        assert_eq!(ring.places.iter().flatten().count(), SPARES);
    }
}
