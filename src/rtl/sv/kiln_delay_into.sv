// A function's latency of Cycles >= 1 whose last register is the receiver's own (an output buffer, a memory): what
// enters in cycle t is at the output in cycle t + Cycles - 1, and behind the receiver's register in t + Cycles.
module kiln_delay_into #(
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

  if (Cycles == 1) begin : g_wire
    logic unused_clock;
    assign unused_clock = clk_i ^ rst_ni;
    assign valid_o      = valid_i;
    assign data_o       = data_i;
  end else begin : g_delay
    kiln_delay #(.Cycles(Cycles - 1), .Width(Width)) u_delay (
      .clk_i, .rst_ni, .valid_i, .data_i, .valid_o, .data_o
    );
  end

endmodule
