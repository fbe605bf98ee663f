// One bank of the KV SRAM: Depth words (all layers' words, layer by layer) of WidthBytes bytes,
// Ports words read and one written in a cycle. A word asked for in cycle t is at data_o from t + 1
// on, until that port reads again. Bytes whose enable is low stay. A word written in cycle t is
// read from t + 1 on. docs/units/kv_sram.md
module kiln_kv_bank #(
  parameter int unsigned Depth = 1,
  parameter int unsigned WidthBytes = 1,
  parameter int unsigned Ports = 1,
  localparam int unsigned AddrBits = (Depth > 1) ? $clog2(Depth) : 1,
  localparam int unsigned Width = 8 * WidthBytes
) (
  input  logic                      clk_i,
  input  logic                      write_i,
  input  logic [AddrBits-1:0]       write_addr_i,
  input  logic [Width-1:0]          write_data_i,
  input  logic [WidthBytes-1:0]     write_bytes_i,
  input  logic [Ports-1:0]          read_i,
  input  logic [Ports*AddrBits-1:0] read_addr_i,
  output logic [Ports*Width-1:0]    read_data_o
);

  logic [Width-1:0]       words_q [Depth];
  logic [Width-1:0]       merged;
  logic [Ports*Width-1:0] data_d, data_q;

  always_comb begin
    merged = Width'(0);
    if (write_i) begin
      merged = words_q[write_addr_i];
      for (int unsigned b = 0; b < WidthBytes; b++) begin
        if (write_bytes_i[b]) merged[8*b +: 8] = write_data_i[8*b +: 8];
      end
    end
  end

  always_comb begin
    data_d = data_q;
    if (|read_i) begin
      for (int unsigned p = 0; p < Ports; p++) begin
        if (read_i[p]) data_d[p*Width +: Width] = words_q[read_addr_i[p*AddrBits +: AddrBits]];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (write_i) words_q[write_addr_i] <= merged;
    if (|read_i) data_q <= data_d;
  end

  assign read_data_o = data_q;

endmodule
