// RMSNorm of the residual, in two passes of Words lane groups over it. start_i in the cycle before
// r: squares from r on (vector's largest exponent largest_i), their exact sum, its reciprocal root,
// and from r + Words + SumCycles + RsqrtCycles on x * scale * gamma, ScaleCycles each: at lanes_o
// lane group by lane group, with beat_last_o for those of the vector's last beat.
// docs/units/vector_unit.md
module kiln_rms_norm #(
  parameter int unsigned HiddenSize = 64,
  parameter int unsigned Norms = 1,  // vectors in the gamma ROM
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Lanes = 64,
  parameter int unsigned SumCycles = 1,
  parameter int unsigned RsqrtCycles = 1,
  parameter int unsigned ScaleCycles = 1,
  parameter logic [31:0] Eps = '0,
  parameter GammaFile = "",
  localparam int unsigned Steps = (BeatElements + Lanes - 1) / Lanes,
  localparam int unsigned Beats = (HiddenSize + BeatElements - 1) / BeatElements,
  localparam int unsigned Words = Beats * Steps,
  localparam int unsigned AddrWidth = (Words > 1) ? $clog2(Words) : 1,
  localparam int unsigned StepWidth = (Steps > 1) ? $clog2(Steps) : 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 start_i,
  input  logic [31:0]          norm_i,  // which gamma
  input  logic [7:0]           largest_i,
  output logic                 read_o,
  output logic [AddrWidth-1:0] addr_o,
  input  logic [32*Lanes-1:0]  lanes_i,
  output logic                 valid_o,
  output logic                 beat_last_o,
  output logic [32*Lanes-1:0]  lanes_o
);

  logic                 squares_q, scaling_q, scaling, summed_q, summed, scale_valid;
  logic [AddrWidth-1:0] index_q;
  logic [StepWidth-1:0] step_q;
  logic                 over;
  logic [67:0]          squares, total_q, total;
  logic [31:0]          beat_q;  // the beat's first element
  logic [31:0]          root, scale;
  logic signed [31:0]   m;

  assign scaling = scale_valid || scaling_q;
  assign read_o  = squares_q || scaling;
  assign addr_o  = index_q;
  assign over    = index_q == AddrWidth'(Words - 1);

  // First pass.
  always_comb begin
    squares = '0;
    m       = '0;
    if (squares_q) begin
      for (int unsigned i = 0; i < Lanes; i++) begin
        m       = kiln_pkg::fp_aligned(lanes_i[32*i +: 32], largest_i);
        squares = squares + 68'(64'(m) * 64'(m));
      end
    end
  end

  kiln_delay #(.Cycles(SumCycles), .Width(68)) u_sum (
    .clk_i, .rst_ni, .valid_i(summed_q), .data_i(total_q), .valid_o(summed), .data_o(total)
  );

  kiln_rms_inverse #(.Count(HiddenSize), .Eps(Eps)) u_rms_inverse (
    .valid_i(summed), .total_i(total), .largest_i, .scale_o(root)
  );

  kiln_delay #(.Cycles(RsqrtCycles), .Width(32)) u_rsqrt (
    .clk_i, .rst_ni, .valid_i(summed), .data_i(root), .valid_o(scale_valid), .data_o(scale)
  );

  // Second pass.
  logic [32*Lanes-1:0] addr, gamma, scaled;

  always_comb begin
    addr = (32*Lanes)'(1'b0);
    if (scaling) begin
      for (int unsigned i = 0; i < Lanes; i++) begin
        addr[32*i +: 32] = norm_i * HiddenSize + beat_q + 32'(step_q) * Lanes + i;
      end
    end
  end

  always_comb begin
    scaled = (32*Lanes)'(1'b0);
    if (scaling) begin
      for (int unsigned i = 0; i < Lanes; i++) begin
        scaled[32*i +: 32] = kiln_pkg::fp_mul(kiln_pkg::fp_mul(lanes_i[32*i +: 32], scale),
                                              gamma[32*i +: 32]);
      end
    end
  end

  kiln_rom #(
    .Width(32), .Depth(Norms * HiddenSize), .Ports(Lanes), .File(GammaFile)
  ) u_gamma (
    .read_i(scaling), .addr_i(addr), .data_o(gamma)
  );

  kiln_delay #(.Cycles(ScaleCycles), .Width(1 + 32 * Lanes)) u_scale (
    .clk_i, .rst_ni, .valid_i(scaling), .data_i({beat_q == (Beats - 1) * BeatElements, scaled}),
    .valid_o, .data_o({beat_last_o, lanes_o})
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      squares_q <= 1'b0;
      summed_q  <= 1'b0;
      scaling_q <= 1'b0;
      index_q   <= '0;
      step_q    <= '0;
      beat_q    <= '0;
      total_q   <= '0;
    end else begin
      squares_q <= start_i || (squares_q && !over);
      summed_q  <= squares_q && over;
      scaling_q <= scaling && !over;
      if (start_i) total_q <= '0;
      else if (squares_q) total_q <= total_q + squares;
      if (read_o) begin
        index_q <= over ? '0 : index_q + AddrWidth'(1);
        step_q  <= (step_q == StepWidth'(Steps - 1)) ? '0 : step_q + StepWidth'(1);
        if (over) beat_q <= '0;
        else if (step_q == StepWidth'(Steps - 1)) beat_q <= beat_q + BeatElements;
      end
    end
  end

endmodule
