#include "wire/protobuf/parts.h"

namespace hearsay::wire::pb {

Reader::Reader(ByteView message)
    : input_(message.data(), static_cast<int>(message.size())), message_(message) {}

std::uint32_t Reader::next() {
    if (!is_good_ || is_all_read()) return 0;
    const std::uint32_t tag = input_.ReadTag();
    field_ = tag >> 3;
    type_ = static_cast<Type>(tag & 7);
    if (field_ == 0) is_good_ = false;
    return field_;
}

bool Reader::once() {
    if (has(field_)) return false;
    if (field_ < 32) seen_ |= std::uint32_t{1} << field_;
    return true;
}

bool Reader::varint(std::uint64_t& value) {
    return type_ == Type::varint && input_.ReadVarint64(&value);
}

bool Reader::fixed64(std::uint64_t& value) {
    return once() && type_ == Type::fixed64 && input_.ReadLittleEndian64(&value);
}

bool Reader::entry(ByteView& value) {
    std::uint64_t size = 0;
    if (type_ != Type::bytes || !input_.ReadVarint64(&size)) return false;
    const auto start = static_cast<std::size_t>(input_.CurrentPosition());
    // A length is a stranger's claim until it is compared with what is there.
    if (size > message_.size() - start) return false;
    value = message_.subspan(start, size);
    return input_.Skip(static_cast<int>(size));
}

bool Reader::skip() {
    std::uint64_t number = 0;
    std::uint32_t half = 0;
    ByteView bytes;
    switch (type_) {
        case Type::varint: return input_.ReadVarint64(&number);
        case Type::fixed64: return input_.ReadLittleEndian64(&number);
        case Type::bytes: return entry(bytes);
        case Type::fixed32: return input_.ReadLittleEndian32(&half);
    }
    return false;
}

}  // namespace hearsay::wire::pb
