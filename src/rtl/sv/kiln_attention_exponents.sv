// The side array of k or v: exponents of each token, KV head and group of 64 elements, all layers.
// A row holds a block of Tokens tokens, element [9 * ((token * KvHeads + head) * Groups + group) +:
// 9], and is read without a clock. A write sets those of BeatHeads heads of one token, from
// first_head_i on as far as there are heads. docs/units/kv_sram.md
module kiln_attention_exponents #(
  parameter int unsigned KvHeads = 1,
  parameter int unsigned Groups = 1,
  parameter int unsigned BeatHeads = 1,
  parameter int unsigned Layers = 1,
  parameter int unsigned Capacity = 1,
  parameter int unsigned Tokens = 1,
  localparam int unsigned Blocks = (Capacity + Tokens - 1) / Tokens,
  localparam int unsigned BlockBits = (Blocks > 1) ? $clog2(Blocks) : 1
) (
  input  logic                                 clk_i,
  input  logic [15:0]                          layer_i,
  input  logic                                 write_i,
  input  logic [31:0]                          token_i,
  input  logic [31:0]                          first_head_i,
  input  logic [9*BeatHeads*Groups-1:0]        exponents_i,
  input  logic                                 read_i,
  input  logic [BlockBits-1:0]                 block_i,
  output logic [9*Tokens*KvHeads*Groups-1:0]   row_o
);

  localparam int unsigned Rows = Layers * Blocks;
  localparam int unsigned RowBits = (Rows > 1) ? $clog2(Rows) : 1;
  localparam int unsigned HeadWidth = 9 * Groups;
  localparam int unsigned RowWidth = Tokens * KvHeads * HeadWidth;

  logic [RowWidth-1:0] rows_q [Rows];
  logic [RowWidth-1:0] merged;
  logic [RowBits-1:0]                  write_row, read_row;

  assign write_row = RowBits'(32'(layer_i) * Blocks + token_i / Tokens);
  assign read_row  = RowBits'(32'(layer_i) * Blocks + 32'(block_i));

  always_comb begin : merge
    logic [31:0] slot;
    merged = RowWidth'(0);
    slot   = '0;
    if (write_i) begin
      merged = rows_q[write_row];
      slot   = (token_i % Tokens) * KvHeads + first_head_i;
      for (int unsigned h = 0; h < BeatHeads; h++) begin
        if (first_head_i + h < KvHeads) begin
          merged[(slot+h)*HeadWidth +: HeadWidth] = exponents_i[h*HeadWidth +: HeadWidth];
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (write_i) rows_q[write_row] <= merged;
  end

  assign row_o = read_i ? rows_q[read_row] : RowWidth'(0);

endmodule
