// A mask ROM of Depth words, read without a clock; whoever reads it registers the word. Contents: File, one hexadecimal
// word a line, word 0 first (docs/rtl.md). An address beyond Depth reads 0.
module kiln_rom #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 1,
  parameter File = ""
) (
  input  logic [31:0]      addr_i,
  output logic [Width-1:0] data_o
);

  logic [Width-1:0] cells [Depth];

  initial $readmemh(File, cells);

  localparam int unsigned AddrWidth = (Depth > 1) ? $clog2(Depth) : 1;

  assign data_o = (addr_i < Depth) ? cells[addr_i[AddrWidth-1:0]] : Width'(0);

endmodule
