// The buffer of scores and the softmax that makes them probabilities in place. A row holds a block
// of Tokens tokens, element token * Heads + head. Scores are written row by row; with the last of
// them (scores_last_i) the softmax begins in the next cycle, and last_o marks its last cycle. Then
// block_i's row is read without a clock while read_i is high. docs/units/attention_unit.md
module kiln_attention_probabilities #(
  parameter int unsigned Heads = 1,
  parameter int unsigned Capacity = 1,
  parameter int unsigned Tokens = 1,
  parameter int unsigned SoftmaxLanes = 1,
  parameter int unsigned SoftmaxCycles = 1,
  localparam int unsigned Blocks = (Capacity + Tokens - 1) / Tokens,
  localparam int unsigned BlockBits = (Blocks > 1) ? $clog2(Blocks) : 1,
  localparam int unsigned Elements = Tokens * Heads
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic [31:0]            tokens_i,
  input  logic                   scores_write_i,
  input  logic                   scores_last_i,
  input  logic [BlockBits-1:0]   scores_block_i,
  input  logic [Elements-1:0]    scores_mask_i,
  input  logic [32*Elements-1:0] scores_i,
  input  logic [32*Heads-1:0]    largest_i,
  output logic                   last_o,
  input  logic                   read_i,
  input  logic [BlockBits-1:0]   block_i,
  output logic [32*Elements-1:0] probabilities_o,
  output logic [48*Heads-1:0]    sums_o
);

  // The lanes meet as many rows as they span from any place in the first one on; the window is the
  // power of two above.
  localparam int unsigned Lanes =
      (SoftmaxLanes < Heads * Capacity) ? SoftmaxLanes : Heads * Capacity;
  localparam int unsigned SpanRows = (Elements % Lanes == 0) ? 1 :
      (Lanes % Elements == 0) ? Lanes / Elements : (Lanes + Elements - 2) / Elements + 1;
  localparam int unsigned Rows = 32'd1 << $clog2(SpanRows);

  logic                        read, write;
  logic [BlockBits-1:0]        read_row, write_row;
  logic [Rows*Elements-1:0]    mask;
  logic [32*Rows*Elements-1:0] probabilities, window;

  kiln_attention_buffer #(
    .Elements(Elements),
    .Rows    (Rows),
    .Depth   (Blocks)
  ) u_buffer (
    .clk_i,
    .write_i     (scores_write_i || write),
    .write_row_i (scores_write_i ? scores_block_i : write_row),
    .write_mask_i(scores_write_i ? (Rows*Elements)'(scores_mask_i) : mask),
    .write_data_i(scores_write_i ? (32*Rows*Elements)'(scores_i) : probabilities),
    .read_i      (read || read_i),
    .read_row_i  (read ? read_row : block_i),
    .read_data_o (window)
  );

  kiln_attention_softmax #(
    .Heads        (Heads),
    .Elements     (Elements),
    .Rows         (Rows),
    .RowBits      (BlockBits),
    .SoftmaxLanes (Lanes),
    .SoftmaxCycles(SoftmaxCycles)
  ) u_softmax (
    .clk_i,
    .rst_ni,
    .start_i        (scores_last_i),
    .tokens_i,
    .largest_i,
    .read_o         (read),
    .read_row_o     (read_row),
    .scores_i       (window),
    .write_o        (write),
    .last_o,
    .write_row_o    (write_row),
    .mask_o         (mask),
    .probabilities_o(probabilities),
    .sums_o
  );

  assign probabilities_o = window[32*Elements-1:0];

endmodule
