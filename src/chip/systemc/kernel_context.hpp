// A separate SystemC kernel for one elaboration. The kernel keeps its state in one process-wide pointer, so only one
// thread at a time has one.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "chip/systemc/kernel.hpp"
#include "kiln/base/result.hpp"

namespace kiln::chip {

class KernelContext {
 public:
  KernelContext()
      : turn_(mutex()), context_(std::make_unique<sc_core::sc_simcontext>()), previous_(sc_core::sc_curr_simcontext) {
    sc_core::sc_curr_simcontext = context_.get();
    sc_core::sc_report_handler::set_handler(&refuse);
  }
  ~KernelContext() {
    sc_core::sc_report_handler::set_handler(nullptr);
    sc_core::sc_curr_simcontext = previous_;
  }
  KernelContext(const KernelContext&) = delete;
  KernelContext& operator=(const KernelContext&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  /// Whatever the kernel has to say is a bug of the chip.
  static void refuse(const sc_core::sc_report& report, const sc_core::sc_actions&) {
    if (report.get_severity() == sc_core::SC_INFO) return;
    throw base::BugError(std::string("SystemC: ") + report.what());
  }
  std::unique_lock<std::mutex> turn_;
  std::unique_ptr<sc_core::sc_simcontext> context_;
  sc_core::sc_simcontext* previous_;
};

}  // namespace kiln::chip
