// Turns RTL into something that runs: Verilator makes C++ of it, the host's compiler a shared object, which is loaded.
// Both programs must be on the machine; where they are not, the error says so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/result.hpp"
#include "rtl/bits.hpp"
#include "rtl/unit_design.hpp"

namespace kiln::rtl {

/// The modules of src/rtl/sv, as they were built in: file name and text.
struct SourceFile {
  std::string_view name;
  std::string_view text;
};
const std::vector<SourceFile>& sources();

/// Stoppable: each design has an input stop_i of its own; while it is 1 the design has no clock, and costs little time.
enum class Clocks { Common, Stoppable };
/// Several designs side by side in one module `top` that has their ports, with "c0_", "c1_", ... in front.
std::string side_by_side(const std::string& top, const std::vector<UnitDesign>& designs,
                         Clocks clocks = Clocks::Common);

/// Writes all modules, `extra` files, and the designs' ROM contents into `directory` (made if it is not there).
base::Status write_files(const std::filesystem::path& directory, const std::vector<UnitDesign>& designs,
                         const std::vector<std::pair<std::string, std::string>>& extra);

/// Whether write_files() may write each of its files; it writes none where one may not.
base::Status can_write_files(const std::filesystem::path& directory, const std::vector<UnitDesign>& designs,
                             const std::vector<std::pair<std::string, std::string>>& extra);

struct BuildOptions {
  std::string optimise = "-O1";  ///< of the C++ compiler
  /// A folder that is there, where Verilator's own code is kept compiled for other builds; empty: compiled with the model.
  std::filesystem::path runtime = {};
};
/// Verilates module `top` of the files in `directory`, whose ports are these; returns the shared object. What exists
/// already from the same sources by the same programs is reused; they must then still be on the machine.
base::Result<std::filesystem::path> build(const std::filesystem::path& directory, const std::string& top,
                                          const std::vector<Port>& ports, const BuildOptions& options = {});

/// A port of a model that is loaded. Reads and writes take no time of the model; run eval() after writes.
class Pin {
 public:
  Pin() = default;
  Pin(void* storage, std::uint64_t bits) : storage_(static_cast<unsigned char*>(storage)), bits_(bits) {}
  [[nodiscard]] bool connected() const { return storage_ != nullptr; }
  [[nodiscard]] std::uint64_t bits() const { return bits_; }
  void set(std::uint64_t value) const;
  void set(const Bits& value) const;
  [[nodiscard]] std::uint64_t get() const;  ///< up to 64 bits
  void get(Bits& value) const;

 private:
  unsigned char* storage_ = nullptr;
  std::uint64_t bits_ = 0;
};

/// One instance of a verilated module. Cycle t is: write input pins, tick(); then output pins show cycle t + 1.
class Model {
 public:
  /// `run_in`: where $readmemh looks for its files; the process' working directory is changed while it is made.
  static base::Result<std::unique_ptr<Model>> load(const std::filesystem::path& library,
                                                   const std::filesystem::path& run_in);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  [[nodiscard]] Pin pin(const std::string& name) const;  ///< a bug if there is none
  [[nodiscard]] bool has(const std::string& name) const;
  /// Holds reset for two cycles.
  void reset();
  /// One rising edge.
  void tick();

 private:
  struct Library;
  explicit Model(std::unique_ptr<Library> library);
  std::unique_ptr<Library> library_;
  Pin clock_, reset_;
};

}  // namespace kiln::rtl
