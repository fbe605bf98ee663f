// The side arrays of the KV SRAM: exponents of k and of v, of each token, KV head and group, and
// the largest of v (E_v). A beat's exponents are written in the cycle of write_k_i or write_v_i;
// block_i's rows are read without a clock while read_k_i or read_v_i is high, else zero.
// docs/units/kv_sram.md
module kiln_attention_side_arrays #(
  parameter int unsigned KvHeads = 1,
  parameter int unsigned Groups = 1,
  parameter int unsigned BeatHeads = 1,
  parameter int unsigned Layers = 1,
  parameter int unsigned Capacity = 1,
  parameter int unsigned Tokens = 1,
  localparam int unsigned Blocks = (Capacity + Tokens - 1) / Tokens,
  localparam int unsigned BlockBits = (Blocks > 1) ? $clog2(Blocks) : 1,
  localparam int unsigned RowWidth = 9 * Tokens * KvHeads * Groups
) (
  input  logic                          clk_i,
  input  logic [15:0]                   layer_i,
  input  logic [31:0]                   position_i,
  input  logic                          write_k_i,
  input  logic                          write_v_i,
  input  logic [31:0]                   first_head_i,
  input  logic [9*BeatHeads*Groups-1:0] exponents_i,
  input  logic                          read_k_i,
  input  logic                          read_v_i,
  input  logic [BlockBits-1:0]          block_i,
  output logic [RowWidth-1:0]           k_exponents_o,
  output logic [RowWidth-1:0]           v_exponents_o,
  output logic [9*KvHeads*Groups-1:0]   largest_o
);

  localparam int unsigned LayerBits = (Layers > 1) ? $clog2(Layers) : 1;

  kiln_attention_exponents #(
    .KvHeads  (KvHeads),
    .Groups   (Groups),
    .BeatHeads(BeatHeads),
    .Layers   (Layers),
    .Capacity (Capacity),
    .Tokens   (Tokens)
  ) u_k (
    .clk_i,
    .layer_i,
    .write_i     (write_k_i),
    .token_i     (position_i),
    .first_head_i,
    .exponents_i,
    .read_i      (read_k_i),
    .block_i,
    .row_o       (k_exponents_o)
  );

  kiln_attention_exponents #(
    .KvHeads  (KvHeads),
    .Groups   (Groups),
    .BeatHeads(BeatHeads),
    .Layers   (Layers),
    .Capacity (Capacity),
    .Tokens   (Tokens)
  ) u_v (
    .clk_i,
    .layer_i,
    .write_i     (write_v_i),
    .token_i     (position_i),
    .first_head_i,
    .exponents_i,
    .read_i      (read_v_i),
    .block_i,
    .row_o       (v_exponents_o)
  );

  kiln_attention_largest #(
    .KvHeads  (KvHeads),
    .Groups   (Groups),
    .BeatHeads(BeatHeads),
    .Layers   (Layers)
  ) u_largest (
    .clk_i,
    .layer_i     (LayerBits'(layer_i)),
    .write_i     (write_v_i),
    .begin_i     (position_i == '0),
    .first_head_i,
    .exponents_i,
    .largest_o
  );

endmodule
