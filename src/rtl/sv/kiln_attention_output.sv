// Divides: reciprocals of the sums of probabilities, times the sums of values (step 8 of
// docs/numerics.md, "KV cache and attention"), OutputLanes elements a cycle from the cycle after
// start_i on. Beat k (from 0) goes into the output buffer with its last lanes, ReciprocalCycles - 1
// after they were read: it is available (k + 1) * ceil(BeatElements / OutputLanes) +
// ReciprocalCycles cycles after start_i. done_o: the last beat leaves. docs/units/attention_unit.md
module kiln_attention_output #(
  parameter int unsigned Heads = 1,
  parameter int unsigned HeadDim = 8,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned OutputLanes = 64,  // at most BeatElements
  parameter int unsigned ReciprocalCycles = 1
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       start_i,
  input  logic [48*Heads-1:0]        probability_sums_i,
  output logic                       read_o,
  output logic [31:0]                element_o,
  input  logic [64*OutputLanes-1:0]  sums_i,
  input  logic [9*OutputLanes-1:0]   exponents_i,
  output logic                       y_valid_o,
  input  logic                       y_ready_i,
  output logic [32*BeatElements-1:0] y_data_o,
  output logic                       done_o
);

  import kiln_pkg::*;

  localparam int unsigned Beats = (Heads * HeadDim + BeatElements - 1) / BeatElements;
  localparam int unsigned Parts = (BeatElements + OutputLanes - 1) / OutputLanes;
  localparam int unsigned PartBits = (Parts > 1) ? $clog2(Parts) : 1;
  // Heads that the lanes may meet in a cycle: each has a reciprocal of its own.
  localparam int unsigned Reciprocals = (OutputLanes + HeadDim - 2) / HeadDim + 1;

  // {drop, 2^62 / d}: the sum is d * 2^drop, d of 32 bits with its leading one
  function automatic logic [37:0] invert(logic [47:0] sum);
    // verilator no_inline_task
    logic [47:0]       d;
    logic signed [5:0] drop;
    drop = '0;
    d    = sum;
    if (sum[47:32] != '0) begin
      while ((sum >> drop) >> 32 != '0) drop = drop + 6'sd1;
      d = (sum + (48'h1 << (drop - 6'sd1))) >> drop;
      if (d[32]) d = 48'hffff_ffff;
    end else begin
      while (!d[31] && drop != -6'sd31) begin
        d    = d << 1;
        drop = drop - 6'sd1;
      end
    end
    return {drop, reciprocal(d[31:0])};
  endfunction

  function automatic logic [31:0] divide(logic [63:0] sum, logic [31:0] inverse,
                                         logic signed [15:0] exponent);
    logic [63:0] magnitude;
    magnitude = sum[63] ? -sum : sum;
    return fp_from_int(sum[63], 128'(magnitude) * 128'(inverse), exponent);
  endfunction

  logic                      busy_q;
  logic [31:0]               beat_q;  // its first element
  logic [PartBits-1:0]       part_q;
  logic [32*OutputLanes-1:0] lanes;
  logic [31:0]               first;

  assign first     = beat_q + 32'(part_q) * OutputLanes;
  assign read_o    = busy_q;
  assign element_o = first;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      beat_q <= '0;
      part_q <= '0;
    end else if (start_i) begin
      busy_q <= 1'b1;
      beat_q <= '0;
      part_q <= '0;
    end else if (busy_q) begin
      if (part_q == PartBits'(Parts - 1)) begin
        part_q <= '0;
        beat_q <= beat_q + BeatElements;
        busy_q <= beat_q != (Beats - 1) * BeatElements;
      end else begin
        part_q <= part_q + PartBits'(1);
      end
    end
  end

  always_comb begin : multiply
    logic [38*Reciprocals-1:0] inverses;
    logic [31:0]               head, place;
    logic [31:0]               inverse;
    logic signed [15:0]        exponent;
    lanes    = (32 * OutputLanes)'(0);
    inverses = (38 * Reciprocals)'(0);
    head     = '0;
    place    = '0;
    inverse  = '0;
    exponent = '0;
    if (busy_q) begin
      head = first / HeadDim;
      for (int unsigned r = 0; r < Reciprocals; r++) begin
        if (head + r < Heads) begin
          place = 48 * (head + r);
          inverses[38*r +: 38] = invert(probability_sums_i[place +: 48]);
        end
      end
      for (int unsigned l = 0; l < OutputLanes; l++) begin
        if (first + l < Heads * HeadDim) begin
          place    = 38 * ((first + l) / HeadDim - head);
          inverse  = inverses[place +: 32];
          place    = place + 32;
          exponent = 16'($signed(exponents_i[9*l +: 9])) - 16'sd70 -
                     16'($signed(inverses[place +: 6]));
          lanes[32*l +: 32] = divide(sums_i[64*l +: 64], inverse, exponent);
        end
      end
    end
  end

  logic                      done;
  logic [PartBits-1:0]       done_part;
  logic [32*OutputLanes-1:0] done_lanes;

  logic                       push;
  logic [32*BeatElements-1:0] beat;

  kiln_delay #(
    .Cycles(ReciprocalCycles - 1),
    .Width (PartBits + 32 * OutputLanes)
  ) u_delay (
    .clk_i,
    .rst_ni,
    .valid_i(busy_q),
    .data_i ({part_q, lanes}),
    .valid_o(done),
    .data_o ({done_part, done_lanes})
  );

  assign push = done && done_part == PartBits'(Parts - 1);

  if (Parts == 1) begin : g_whole
    assign beat = done_lanes[32*BeatElements-1:0];
  end else begin : g_parts
    localparam int unsigned LastWidth = 32 * (BeatElements - (Parts - 1) * OutputLanes);
    logic [32*OutputLanes*(Parts-1)-1:0] parts_q;

    always_ff @(posedge clk_i) begin
      if (done && !push) parts_q[32'(done_part)*32*OutputLanes +: 32*OutputLanes] <= done_lanes;
    end

    assign beat = {done_lanes[LastWidth-1:0], parts_q};
  end

  kiln_output_buffer #(
    .Width(32 * BeatElements),
    .Depth(Beats)
  ) u_buffer (
    .clk_i,
    .rst_ni,
    .push_i (push),
    .data_i (beat),
    .valid_o(y_valid_o),
    .ready_i(y_ready_i),
    .data_o (y_data_o)
  );

  localparam int unsigned GoneBits = $clog2(Beats + 1);
  logic                leave;
  logic [GoneBits-1:0] gone_q;  // beats that left

  assign leave  = y_valid_o && y_ready_i;
  assign done_o = leave && gone_q == GoneBits'(Beats - 1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) gone_q <= '0;
    else if (leave) gone_q <= done_o ? '0 : gone_q + GoneBits'(1);
  end

endmodule
