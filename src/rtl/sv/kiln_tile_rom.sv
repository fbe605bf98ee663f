// The cells of a tile: Depth words, a row of codes each; Lines consecutive words from addr_i on are read without a clock
// (word addr_i + l at [Width*l +: Width]; beyond Depth: 0). Rows of a step lie side by side, so that Lines banks, row
// modulo Lines, would serve. Contents: File, one hexadecimal word a line. docs/units/tile_array.md
module kiln_tile_rom #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 1,
  parameter int unsigned Lines = 1,
  parameter File = ""
) (
  input  logic [31:0]            addr_i,
  output logic [Lines*Width-1:0] data_o
);

  localparam int unsigned AddrWidth = (Depth > 1) ? $clog2(Depth) : 1;

  logic [Width-1:0] cells [Depth];

  initial $readmemh(File, cells);

  for (genvar l = 0; l < Lines; l++) begin : g_line
    logic [31:0] addr;
    assign addr = addr_i + 32'(l);
    assign data_o[Width*l +: Width] = (addr < Depth) ? cells[addr[AddrWidth-1:0]] : '0;
  end

endmodule
