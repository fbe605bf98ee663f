// A mask ROM of Depth words that Ports readers look into in one cycle, without a clock; whoever
// reads registers the words. Nothing is read (0) unless read_i; an address beyond Depth reads 0. Contents: File, one hexadecimal word a
// line, word 0 first (docs/rtl.md).
module kiln_rom #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 1,
  parameter int unsigned Ports = 1,
  parameter File = ""
) (
  input  logic                   read_i,
  input  logic [Ports*32-1:0]    addr_i,
  output logic [Ports*Width-1:0] data_o
);

  localparam int unsigned AddrWidth = (Depth > 1) ? $clog2(Depth) : 1;

  logic [Width-1:0] cells [Depth];

  initial $readmemh(File, cells);

  always_comb begin
    data_o = (Ports * Width)'(1'b0);
    if (read_i) begin
      for (int unsigned i = 0; i < Ports; i++) begin
        if (addr_i[32*i +: 32] < Depth) data_o[Width*i +: Width] = cells[addr_i[32*i +: AddrWidth]];
      end
    end
  end

endmodule
