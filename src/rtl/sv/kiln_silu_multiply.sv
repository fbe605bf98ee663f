// gate / (1 + e^-gate) * up, Lanes elements a cycle, SiluCycles later.
// docs/units/vector_unit.md, docs/numerics.md, "SiLU"
module kiln_silu_multiply #(
  parameter int unsigned Lanes = 64,
  parameter int unsigned SiluCycles = 1,
  parameter int unsigned SideWidth = 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 valid_i,
  input  logic [32*Lanes-1:0]  gate_i,
  input  logic [32*Lanes-1:0]  up_i,
  input  logic [SideWidth-1:0] side_i,
  output logic                 valid_o,
  output logic [32*Lanes-1:0]  lanes_o,
  output logic [SideWidth-1:0] side_o
);

  import kiln_pkg::*;

  logic [32*Lanes-1:0] product;

  always_comb begin
    product = (32*Lanes)'(1'b0);
    if (valid_i) begin
      for (int unsigned i = 0; i < Lanes; i++) begin
        product[32*i +: 32] = fp_mul(fp_mul(gate_i[32*i +: 32], sigmoid(gate_i[32*i +: 32])),
                                     up_i[32*i +: 32]);
      end
    end
  end

  kiln_delay #(.Cycles(SiluCycles), .Width(SideWidth + 32 * Lanes)) u_silu (
    .clk_i, .rst_ni, .valid_i, .data_i({side_i, product}), .valid_o, .data_o({side_o, lanes_o})
  );

endmodule
