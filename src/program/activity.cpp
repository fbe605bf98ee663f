#include "kiln/program/activity.hpp"

namespace kiln::program {

Activity& Activity::operator+=(const Activity& other) {
  products += other.products;
  selections += other.selections;
  plane_bits += other.plane_bits;
  counted_bits += other.counted_bits;
  constant_multiplications += other.constant_multiplications;
  rom_rows_read += other.rom_rows_read;
  multiply_accumulates += other.multiply_accumulates;
  group_scales += other.group_scales;
  tree_additions += other.tree_additions;
  row_results += other.row_results;
  embedding_reads += other.embedding_reads;
  vector_elements += other.vector_elements;
  kv_words_read += other.kv_words_read;
  kv_words_written += other.kv_words_written;
  kv_conflict_cycles += other.kv_conflict_cycles;
  score_macs += other.score_macs;
  value_macs += other.value_macs;
  exponentials += other.exponentials;
  logits_compared += other.logits_compared;
  draws += other.draws;
  lora_macs += other.lora_macs;
  lora_additions += other.lora_additions;
  link_beats += other.link_beats;
  host_tokens += other.host_tokens;
  return *this;
}

}  // namespace kiln::program
