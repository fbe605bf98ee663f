// The registers of a function that takes Cycles >= 1 and whose result the unit behind it stores in a register of its
// own (an output buffer's): Cycles - 1 of them, so what enters in cycle t is stored at the end of t + Cycles - 1.
module kiln_latency #(
  parameter int unsigned Cycles = 1,
  parameter int unsigned Width = 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             valid_i,
  input  logic [Width-1:0] data_i,
  output logic             valid_o,
  output logic [Width-1:0] data_o
);

  if (Cycles > 1) begin : g_registers
    kiln_delay #(.Cycles(Cycles - 1), .Width(Width)) u_delay (
      .clk_i,
      .rst_ni,
      .valid_i,
      .data_i,
      .valid_o,
      .data_o
    );
  end else begin : g_wires
    assign valid_o = valid_i;
    assign data_o  = data_i;
    logic unused;
    assign unused = ^{clk_i, rst_ni};
  end

endmodule
