// The codebooks of an array's matrices, side by side as the tiles take them: value v of book k at
// [8 * (k * 2^CodeBits + v) +: 8], s(8). Loaded from the ROM for layer_i in the cycle load_i is high, there from the next
// on. Contents: File, Layers * Books * 2^CodeBits words of 8 bits. docs/units/tile_array.md
module kiln_codebooks #(
  parameter int unsigned Layers = 1,
  parameter int unsigned Books = 1,
  parameter int unsigned CodeBits = 4,
  parameter File = ""
) (
  input  logic                            clk_i,
  input  logic                            load_i,
  input  logic [15:0]                     layer_i,
  output logic [Books*8*(2**CodeBits)-1:0] books_o
);

  localparam int unsigned Values = Books * (2 ** CodeBits);

  logic [7:0]          cells [Layers*Values];
  logic [Values*8-1:0] books_d, books_q;

  initial $readmemh(File, cells);

  always_comb begin
    books_d = '0;
    if (load_i) begin
      for (int unsigned v = 0; v < Values; v++) begin
        books_d[8*v +: 8] = cells[$clog2(Layers*Values)'(32'(layer_i) * Values + v)];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (load_i) books_q <= books_d;
  end

  assign books_o = books_q;

endmodule
