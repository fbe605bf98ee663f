#include "rtl/verilate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>

#include "base/atomic_file.hpp"
#include "base/hash.hpp"
#include "base/subprocess.hpp"

namespace kiln::rtl {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBuffer = 1U << 20;

constexpr const char* kNeeds =
    "running RTL needs Verilator and a C++ compiler: install the packages verilator and g++ of Debian or Ubuntu";

/// What the loaded object shows of itself: Model finds the ports by name.
std::string glue(const std::vector<Port>& ports) {
  std::string text = R"(#include "Vtop.h"
#include "verilated.h"
extern "C" {
struct KilnPort { const char* name; unsigned long long bits; void* storage; };
struct KilnModel { VerilatedContext context; Vtop top{&context, "top"}; KilnPort ports[)" +
                     std::to_string(ports.size() + 3) + R"(]; };
__attribute__((visibility("default"))) void* kiln_create() {
  auto* model = new KilnModel;
  unsigned n = 0;
  const auto add = [&](const char* name, unsigned long long bits, void* storage) { model->ports[n++] = {name, bits, storage}; };
  add("clk_i", 1, &model->top.clk_i);
  add("rst_ni", 1, &model->top.rst_ni);
)";
  for (const Port& port : ports) text += fmt::format("  add(\"{0}\", {1}, &model->top.{0});\n", port.name, port.bits);
  return text + R"(  add(nullptr, 0, nullptr);
  return model;
}
__attribute__((visibility("default"))) const KilnPort* kiln_ports(void* model) { return static_cast<KilnModel*>(model)->ports; }
__attribute__((visibility("default"))) void kiln_eval(void* model) { static_cast<KilnModel*>(model)->top.eval(); }
__attribute__((visibility("default"))) void kiln_destroy(void* model) { delete static_cast<KilnModel*>(model); }
}
)";
}

const std::vector<std::string> kVerilator = {
    "verilator", "--cc",           "-O3", "-fno-expand",    "--x-assign", "0",        "--x-initial",
    "0",         "--unroll-count", "4",   "--output-split", "0",          "--prefix", "Vtop"};
const std::vector<std::string> kCompiler = {
    "g++", "-std=c++17", "-w", "-fPIC", "-shared", "-fvisibility=hidden", "-fno-gnu-unique", "-Wl,-Bsymbolic"};
constexpr const char* kRuntime = "#include \"verilated.cpp\"\n#include \"verilated_threads.cpp\"\n";

/// The first line of what a program says.
base::Result<std::string> answer(const std::vector<std::string>& arguments, const fs::path& log) {
  if (auto ran = base::run_program(arguments, log, kNeeds); !ran) return ran.error();
  std::ifstream in(log);
  std::string line;
  std::getline(in, line);
  return line;
}

/// Folders of builds that were killed: a build takes minutes, these are a day old.
void remove_left_over(const fs::path& directory) {
  std::error_code failed;
  const auto yesterday = fs::file_time_type::clock::now() - std::chrono::hours(24);
  std::vector<fs::path> old;
  for (fs::directory_iterator entry(directory, failed), end; !failed && entry != end; entry.increment(failed)) {
    const auto written = entry->last_write_time(failed);
    if (!failed && entry->path().filename().string().starts_with("obj-") && written < yesterday)
      old.push_back(entry->path());
  }
  for (const fs::path& folder : old) fs::remove_all(folder, failed);
}

/// A folder of this build alone.
base::Result<fs::path> own_folder(const fs::path& directory) {
  std::string name = (directory / "obj-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    return base::Error{fmt::format("{}: cannot be made: {}", name, std::strerror(errno))};
  return fs::path(name);
}

/// Every byte that the object is made of; contents of ROMs are not among them, they are read when it runs.
std::uint64_t fingerprint(const fs::path& directory, const std::string& top, const std::string& text) {
  std::string all = top + text;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().extension() == ".sv") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    all += file.filename().string();
    all.append(std::istreambuf_iterator<char>(in), {});
  }
  return base::checksum64(std::as_bytes(std::span(all)));
}

/// Compiles `source` in the folder of this build with these flags; the file that comes of it, still in that folder.
base::Result<fs::path> compiled(const fs::path& work, const std::string& source, const std::string& result,
                                const std::vector<std::string>& flags) {
  auto command = kCompiler;
  command.insert(command.end(), flags.begin(), flags.end());
  for (const fs::path& argument : {work / source, fs::path("-o"), work / result}) command.push_back(argument.string());
  if (auto made = base::run_program(command, work / (result + ".log"), kNeeds); !made) return made.error();
  return work / result;
}

base::Status moved(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::rename(from, to, failed);
  if (failed) return base::Error{fmt::format("{}: cannot be renamed: {}", from.string(), failed.message())};
  return {};
}

/// Verilator's own code as a shared object's part, from `folder` if it is there already.
base::Result<fs::path> runtime(const fs::path& folder, const std::string& made_by, const fs::path& work,
                               std::vector<std::string> flags) {
  const fs::path object =
      folder / fmt::format("verilated-{:016x}.o", base::checksum64(std::as_bytes(std::span(made_by))));
  std::error_code failed;
  if (fs::exists(object, failed)) return object;
  std::ofstream(work / "runtime.cc") << kRuntime;
  flags.emplace_back("-c");
  const auto made = compiled(work, "runtime.cc", "runtime.o", flags);
  if (!made) return made.error();
  if (const auto put = moved(*made, object); !put) return put.error();
  return object;
}

}  // namespace

std::string side_by_side(const std::string& top, const std::vector<UnitDesign>& designs, Clocks clocks) {
  std::string ports = "  input logic clk_i,\n  input logic rst_ni";
  std::string body;
  for (std::size_t i = 0; i < designs.size(); ++i) {
    const UnitDesign& design = designs[i];
    std::string parameters, connections = "    .clk_i,\n    .rst_ni";
    if (clocks == Clocks::Stoppable) {
      ports += fmt::format(",\n  input logic c{}_stop_i", i);
      connections = fmt::format("    .clk_i(clk_i & ~c{}_stop_i),\n    .rst_ni", i);
    }
    for (const auto& [name, value] : design.parameters)
      parameters += fmt::format("{}    .{}({})", parameters.empty() ? "" : ",\n", name, value);
    for (const Port& port : design.ports) {
      const std::string range = port.bits > 1 ? fmt::format(" [{}:0]", port.bits - 1) : "";
      ports += fmt::format(",\n  {} logic{} c{}_{}", port.input ? "input" : "output", range, i, port.name);
      connections += fmt::format(",\n    .{0}(c{1}_{0})", port.name, i);
    }
    body += fmt::format("  {} #(\n{}\n  ) u_c{} (\n{}\n  );\n", design.module, parameters, i, connections);
  }
  return fmt::format("module {} (\n{}\n);\n{}endmodule\n", top, ports, body);
}

base::Status write_rom(const fs::path& directory, const RomContent& rom) {
  auto file = base::AtomicFile::create(directory / rom.file);
  if (!file) return file.error();
  std::string text;
  for (std::uint64_t word = 0; word < rom.words; ++word) {
    Bits bits(rom.width);
    rom.fill(word, bits);
    text += bits.hex() + '\n';
    if (text.size() < kBuffer && word + 1 < rom.words) continue;
    if (auto put = file->append(text); !put) return put;
    text.clear();
  }
  return file->commit();
}

base::Status can_write_files(const fs::path& directory, const std::vector<UnitDesign>& designs,
                             const std::vector<std::pair<std::string, std::string>>& extra) {
  std::error_code failed;
  if (!fs::exists(directory, failed)) {
    fs::path there = fs::absolute(directory, failed);
    while (!fs::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
    const bool folder = fs::is_directory(there, failed);
    if (folder && ::access(there.c_str(), W_OK | X_OK) == 0) return {};
    return base::Error{
        fmt::format("{}: cannot be made: {}", directory.string(), std::strerror(folder ? errno : ENOTDIR))};
  }
  std::vector<std::string> names;
  for (const SourceFile& source : sources()) names.emplace_back(source.name);
  for (const auto& [name, text] : extra) names.push_back(name);
  for (const UnitDesign& design : designs)
    for (const RomContent& rom : design.roms) names.push_back(rom.file);
  for (const auto& name : names)
    if (const auto file = base::AtomicFile::create(directory / name); !file) return file.error();
  return {};
}

base::Status write_files(const fs::path& directory, const std::vector<UnitDesign>& designs,
                         const std::vector<std::pair<std::string, std::string>>& extra) {
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (failed) return base::Error{fmt::format("{}: cannot be made: {}", directory.string(), failed.message())};
  if (auto can = can_write_files(directory, designs, extra); !can) return can;
  // Each file appears whole: another run may be reading the one before, which is the same.
  const auto write_text = [&](std::string_view name, std::string_view text) -> base::Status {
    auto file = base::AtomicFile::create(directory / name);
    if (!file) return file.error();
    if (auto put = file->append(text); !put) return put;
    return file->commit();
  };
  for (const SourceFile& source : sources())
    if (auto wrote = write_text(source.name, source.text); !wrote) return wrote;
  for (const auto& [name, text] : extra)
    if (auto wrote = write_text(name, text); !wrote) return wrote;
  for (const UnitDesign& design : designs) {
    for (const RomContent& rom : design.roms) {
      if (auto wrote = write_rom(directory, rom); !wrote) return wrote;
    }
  }
  return {};
}

base::Result<fs::path> build(const fs::path& directory, const std::string& top, const std::vector<Port>& ports,
                             const BuildOptions& options) {
  remove_left_over(directory);
  auto folder = own_folder(directory);
  if (!folder) return folder.error();
  const fs::path& work = *folder;
  std::error_code failed;
  auto verilator = answer({"verilator", "--version"}, work / "verilator-version.log");
  if (!verilator) return verilator.error();
  auto compiler = answer({"g++", "--version"}, work / "compiler-version.log");
  if (!compiler) return compiler.error();
  const std::string text = glue(ports);
  const std::string made_by = fmt::format("{}{}{}{}{}", *verilator, *compiler, options.optimise,
                                          fmt::join(kVerilator, " "), fmt::join(kCompiler, " "));
  const std::uint64_t key = fingerprint(directory, top, text + made_by);
  const fs::path library = directory / fmt::format("{}-{:016x}.so", top, key);
  if (fs::exists(library, failed)) {
    fs::remove_all(work, failed);
    return library;
  }
  auto root = answer({"verilator", "--getenv", "VERILATOR_ROOT"}, work / "root.log");
  if (!root) return root.error();
  auto command = kVerilator;
  for (const std::string& argument :
       {std::string("--top-module"), top, std::string("--Mdir"), work.string(), std::string("-y"), directory.string(),
        (directory / "kiln_tables_pkg.sv").string(), (directory / "kiln_pkg.sv").string(),
        (directory / (top + ".sv")).string()})
    command.push_back(argument);
  if (auto made = base::run_program(command, work / "verilator.log", kNeeds); !made) return made.error();
  std::string unity = "#include \"glue.cpp\"\n";
  for (const auto& entry : fs::directory_iterator(work))
    if (entry.path().extension() == ".cpp") unity += fmt::format("#include \"{}\"\n", entry.path().filename().string());
  std::ofstream(work / "glue.cpp") << text;
  std::vector<std::string> flags = {options.optimise, "-I" + *root + "/include", "-I" + *root + "/include/vltstd",
                                    "-I" + work.string(), "-pthread"};
  if (options.runtime.empty()) {
    unity += kRuntime;
  } else {
    const auto object = runtime(options.runtime, made_by, work, flags);
    if (!object) return object.error();
    flags.push_back(object->string());
  }
  std::ofstream(work / "unity.cc") << unity;
  flags.emplace_back("-latomic");
  const auto object = compiled(work, "unity.cc", "model.so", flags);
  if (!object) return object.error();
  if (const auto put = moved(*object, library); !put) return put.error();
  fs::remove_all(work, failed);
  return library;
}

}  // namespace kiln::rtl
