// Probabilities in place of scores, SoftmaxLanes a cycle over all heads of all tokens in the order
// in which they lie: element token * Heads + head. Step 4 of docs/numerics.md, "KV cache and
// attention", and 5: sums_o, 48 bits a head. The first lanes' scores are read in the cycle after
// start_i; probabilities are written SoftmaxCycles after their scores were read; last_o marks the
// last of them. docs/units/attention_unit.md
module kiln_attention_softmax #(
  parameter int unsigned Heads = 1,
  parameter int unsigned Elements = 1,  // of a row of the buffer
  parameter int unsigned Rows = 1,      // of a window of the buffer
  parameter int unsigned RowBits = 1,
  parameter int unsigned SoftmaxLanes = 1,
  parameter int unsigned SoftmaxCycles = 1
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        start_i,
  input  logic [31:0]                 tokens_i,
  input  logic [32*Heads-1:0]         largest_i,
  output logic                        read_o,
  output logic [RowBits-1:0]          read_row_o,
  input  logic [32*Rows*Elements-1:0] scores_i,
  output logic                        write_o,
  output logic                        last_o,
  output logic [RowBits-1:0]          write_row_o,
  output logic [Rows*Elements-1:0]    mask_o,
  output logic [32*Rows*Elements-1:0] probabilities_o,
  output logic [48*Heads-1:0]         sums_o
);

  import kiln_pkg::*;

  localparam int unsigned PlaceBits = (Elements > 1) ? $clog2(Elements) : 1;
  localparam int unsigned Whole = SoftmaxLanes / Elements;
  localparam int unsigned Part = SoftmaxLanes % Elements;

  logic                       busy_q, last;
  logic [31:0]                left_q;   // elements
  logic [RowBits-1:0]         row_q;
  logic [PlaceBits-1:0]       place_q;  // of the first lane in its row
  logic [31:0]                next_place;
  logic [SoftmaxLanes-1:0]    lanes;
  logic [24*SoftmaxLanes-1:0] powers;

  assign last       = left_q <= SoftmaxLanes;
  assign read_o     = busy_q;
  assign read_row_o = row_q;
  assign next_place = 32'(place_q) + Part;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q  <= 1'b0;
      left_q  <= '0;
      row_q   <= '0;
      place_q <= '0;
    end else if (start_i) begin
      busy_q  <= 1'b1;
      left_q  <= tokens_i * Heads;
      row_q   <= '0;
      place_q <= '0;
    end else if (busy_q) begin
      busy_q <= !last;
      left_q <= left_q - SoftmaxLanes;
      if (next_place >= Elements) begin
        row_q   <= row_q + RowBits'(Whole + 1);
        place_q <= PlaceBits'(next_place - Elements);
      end else begin
        row_q   <= row_q + RowBits'(Whole);
        place_q <= PlaceBits'(next_place);
      end
    end
  end

  always_comb begin : exponentials
    logic [31:0] place, score, most;
    lanes  = SoftmaxLanes'(0);
    powers = (24 * SoftmaxLanes)'(0);
    place  = '0;
    score  = '0;
    most   = '0;
    if (busy_q) begin
      for (int unsigned l = 0; l < SoftmaxLanes; l++) begin
        if (l < left_q) begin
          place    = 32'(place_q) + l;
          lanes[l] = 1'b1;
          score    = scores_i[32*place +: 32];
          place    = 32 * (place % Heads);
          most     = largest_i[place +: 32];
          powers[24*l +: 24] = 24'(power_below(fp_add(most, fp_neg(score))));
        end
      end
    end
  end

  logic                       done_last;
  logic [PlaceBits-1:0]       done_place;
  logic [SoftmaxLanes-1:0]    done_lanes;
  logic [24*SoftmaxLanes-1:0] done_powers;

  kiln_delay #(
    .Cycles(SoftmaxCycles),
    .Width (1 + RowBits + PlaceBits + 25 * SoftmaxLanes)
  ) u_delay (
    .clk_i,
    .rst_ni,
    .valid_i(busy_q),
    .data_i ({last, row_q, place_q, lanes, powers}),
    .valid_o(write_o),
    .data_o ({done_last, write_row_o, done_place, done_lanes, done_powers})
  );

  assign last_o = write_o && done_last;

  logic [48*Heads-1:0] sums_q, sums_d;

  always_comb begin : collect
    logic [31:0]                 place;
    logic [$clog2(48*Heads)-1:0] at;
    mask_o          = (Rows * Elements)'(0);
    probabilities_o = (32 * Rows * Elements)'(0);
    sums_d          = sums_q;
    place           = '0;
    at              = '0;
    if (write_o) begin
      for (int unsigned l = 0; l < SoftmaxLanes; l++) begin
        if (done_lanes[l]) begin
          place = 32'(done_place) + l;
          at    = $bits(at)'(48 * (place % Heads));
          mask_o[place]                   = 1'b1;
          probabilities_o[32*place +: 32] = {8'h0, done_powers[24*l +: 24]};
          sums_d[at +: 48] = sums_d[at +: 48] + 48'(done_powers[24*l +: 24]);
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) sums_q <= (48 * Heads)'(0);
    else if (write_o) sums_q <= sums_d;
  end

  assign sums_o = sums_q;

endmodule
