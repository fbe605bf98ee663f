// A user's request as the sequencer's ports take it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chip/systemc/chip.hpp"
#include "rtl/verilate.hpp"

namespace kiln::rtl {

/// What the RTL takes beyond chip::check: a limited number of end tokens, no kept tokens, no user who leaves early.
base::Status check_request(const chip::UserRequest& user);

/// Values of the ports request_*_i, but request_valid_i, as fields of up to 64 bits: port, lowest bit, width, value.
struct RequestField {
  std::string port;
  std::uint64_t at;
  unsigned width;
  std::uint64_t value;
};
std::vector<RequestField> request_fields(const chip::UserRequest& user);

/// Puts them on the ports.
void set_request(Model& model, const chip::UserRequest& user);

}  // namespace kiln::rtl
