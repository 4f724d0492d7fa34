//! The key by which a batcher groups messages: any type that can be compared, given back typed. Integers of up to 64 bits
//! cost no allocation.

use std::{
    any::Any,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

/// A type that can be a batch key: compared, hashed, printed, cloned. Implemented for every type that qualifies.
///
/// ```
/// #[derive(Debug, Clone, PartialEq, Eq, Hash)]
/// struct Customer(u64);
///
/// fn is_key<K: broadway::BatchKeyValue>(_: K) {}
/// is_key(Customer(7));
/// is_key(("eu".to_owned(), 7u16));
/// ```
pub trait BatchKeyValue: Eq + Hash + fmt::Debug + Send + Sync + 'static {}

impl<K: Eq + Hash + fmt::Debug + Send + Sync + 'static> BatchKeyValue for K {}

/// A batch key whose type was put aside; [`get`](Self::get) gives it back.
///
/// Compared by type and value, so that `7u32` and `7u64` are two keys. A message has one, put by
/// [`put_batch_key`](crate::Message::put_batch_key).
#[derive(Clone, Default)]
pub(crate) struct BatchKey(Repr);

#[derive(Clone, Default)]
enum Repr {
    #[default]
    None,
    Integer(Integer),
    Other(Arc<Box<dyn AnyKey>>),
}

/// Integers by value, with their type, so that `1u8` and `1u64` are different keys as their types are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Integer {
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    Usize(usize),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Isize(isize),
}

trait AnyKey: fmt::Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn same(&self, other: &dyn AnyKey) -> bool;
    fn hash_into(&self, state: &mut dyn Hasher);
}

impl<K: BatchKeyValue> AnyKey for K {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn same(&self, other: &dyn AnyKey) -> bool {
        other.as_any().downcast_ref::<K>() == Some(self)
    }

    fn hash_into(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

macro_rules! integers {
    ($($type:ty => $variant:ident),*) => {
        impl BatchKey {
            pub(crate) fn new<K: BatchKeyValue>(key: K) -> Self {
                let any: &dyn Any = &key;
                $(if let Some(integer) = any.downcast_ref::<$type>() {
                    return Self(Repr::Integer(Integer::$variant(*integer)));
                })*
                Self(Repr::Other(Arc::new(Box::new(key))))
            }
        }

        impl Integer {
            fn as_any(&self) -> &dyn Any {
                match self { $(Self::$variant(integer) => integer),* }
            }
        }
    };
}
integers!(u8 => U8, u16 => U16, u32 => U32, u64 => U64, usize => Usize, i8 => I8, i16 => I16, i32 => I32, i64 => I64, isize => Isize);

impl BatchKey {
    /// The key, if it is a `K`. Text that was put as `&str` is a `String`.
    pub(crate) fn get<K: 'static>(&self) -> Option<&K> {
        match &self.0 {
            Repr::None => None,
            Repr::Integer(integer) => integer.as_any().downcast_ref(),
            Repr::Other(key) => (***key).as_any().downcast_ref(),
        }
    }

    /// Whether no key was put.
    #[inline]
    pub(crate) fn is_none(&self) -> bool {
        matches!(self.0, Repr::None)
    }
}

impl PartialEq for BatchKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::None, Repr::None) => true,
            (Repr::Integer(a), Repr::Integer(b)) => a == b,
            (Repr::Other(a), Repr::Other(b)) => Arc::ptr_eq(a, b) || a.same(&***b),
            _ => false,
        }
    }
}

impl Eq for BatchKey {}

impl Hash for BatchKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::None => state.write_u8(0),
            Repr::Integer(integer) => integer.hash(state),
            Repr::Other(key) => key.hash_into(state),
        }
    }
}

impl fmt::Debug for BatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::None => f.write_str("none"),
            Repr::Integer(Integer::U8(n)) => n.fmt(f),
            Repr::Integer(Integer::U16(n)) => n.fmt(f),
            Repr::Integer(Integer::U32(n)) => n.fmt(f),
            Repr::Integer(Integer::U64(n)) => n.fmt(f),
            Repr::Integer(Integer::Usize(n)) => n.fmt(f),
            Repr::Integer(Integer::I8(n)) => n.fmt(f),
            Repr::Integer(Integer::I16(n)) => n.fmt(f),
            Repr::Integer(Integer::I32(n)) => n.fmt(f),
            Repr::Integer(Integer::I64(n)) => n.fmt(f),
            Repr::Integer(Integer::Isize(n)) => n.fmt(f),
            Repr::Other(key) => key.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_compare_by_type_and_value_and_come_back_typed() {
        assert_eq!(BatchKey::new(7u64), BatchKey::new(7u64));
        assert_ne!(BatchKey::new(7u64), BatchKey::new(7u32));
        assert_ne!(BatchKey::new(7u64), BatchKey::new(8u64));
        assert_eq!(BatchKey::new("a".to_owned()), BatchKey::new("a".to_owned()));
        assert_ne!(BatchKey::new("a".to_owned()), BatchKey::default());
        let tuple = BatchKey::new(("orders".to_owned(), 3u32));
        assert_eq!(tuple.get::<(String, u32)>(), Some(&("orders".to_owned(), 3)));
        assert_eq!(tuple.get::<String>(), None);
        assert_eq!(BatchKey::new(-5i16).get::<i16>(), Some(&-5));
        assert_eq!(std::mem::size_of::<BatchKey>(), 16);
    }

    #[test]
    fn integers_are_kept_in_place() {
        let keys = [BatchKey::new(1u8), BatchKey::new(1i32), BatchKey::new(1usize), BatchKey::new(u64::MAX)];
        assert!(keys.iter().all(|key| matches!(key.0, Repr::Integer(_))));
        assert!(matches!(BatchKey::new(1u128).0, Repr::Other(_)));
    }
}
