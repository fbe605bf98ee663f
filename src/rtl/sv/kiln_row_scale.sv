// The last step of a matrix row, for Lanes rows a cycle: float(r * S * 2^E), rounded once, in
// ScaleCycles of which the last is the register behind it. Rows are those of consecutive columns of
// the array; lanes beyond count_i give 0. docs/units/reduction_tree.md, docs/numerics.md ("A matrix
// row")
module kiln_row_scale #(
  parameter int unsigned Outputs = 64,
  parameter int unsigned Layers = 1,
  parameter int unsigned Lanes = 64,
  parameter int unsigned ScaleCycles = 1,
  parameter RowScalesFile = ""
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic [15:0]         layer_i,
  input  logic                valid_i,
  input  logic [8:0]          exponent_i,
  input  logic [31:0]         count_i,
  input  logic [31:0]         column_i,
  input  logic [Lanes*46-1:0] sums_i,
  output logic                valid_o,
  output logic [Lanes*32-1:0] elements_o
);

  localparam int unsigned Words = Layers * Outputs;
  localparam int unsigned AddrWidth = (Words > 1) ? $clog2(Words) : 1;

  logic [31:0] row_scales [Words];  // Lanes neighbours are read at once
  initial $readmemh(RowScalesFile, row_scales);

  function automatic logic [31:0] row_result(input logic [31:0] row_scale, input logic [45:0] sum,
                                             input logic [8:0] exponent);
    // verilator no_inline_task
    logic [45:0] magnitude;
    logic [69:0] scaled;
    magnitude = sum[45] ? -sum : sum;
    scaled    = {24'd0, magnitude} * {46'd0, row_scale[30:23] != 8'd0, row_scale[22:0]};
    return kiln_pkg::fp_from_int(sum[45] ^ row_scale[31], {58'd0, scaled},
                                 {{7{exponent[8]}}, exponent} + {8'd0, row_scale[30:23]} - 16'd150);
  endfunction

  logic [Lanes*32-1:0] elements;
  logic [31:0]         first;

  assign first = 32'(layer_i) * Outputs + column_i;

  always_comb begin
    elements = (Lanes * 32)'(0);
    if (valid_i) begin
      for (int unsigned lane = 0; lane < Lanes; lane++) begin
        if (lane < count_i) begin
          elements[32*lane +: 32] =
              row_result(row_scales[AddrWidth'(first + lane)], sums_i[46*lane +: 46], exponent_i);
        end
      end
    end
  end

  kiln_delay #(.Cycles(ScaleCycles - 1), .Width(Lanes * 32)) u_scale (
    .clk_i,
    .rst_ni,
    .valid_i,
    .data_i (elements),
    .valid_o,
    .data_o (elements_o)
  );

endmodule
