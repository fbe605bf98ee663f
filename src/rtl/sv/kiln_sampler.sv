// Sampler: compares Lanes logits a cycle and keeps the MaxTopK largest in a sorted list (of equals
// the lower index first). The id is the first of them, or drawn among the first top_k_i
// (docs/numerics.md, "Sampling"). With c = ceil(BeatElements / Lanes), beats are taken c apart or
// as they come; the id is available at the last beat + c - 1 + CompareCycles, + DrawCycles where it
// is drawn. docs/units/lm_head.md
module kiln_sampler #(
  parameter int unsigned VocabSize = 64,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Lanes = 64,
  parameter int unsigned CompareCycles = 1,
  parameter int unsigned DrawCycles = 1,
  parameter int unsigned MaxTopK = 8
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       greedy_i,
  input  logic [31:0]                factor_i,
  input  logic [3:0]                 top_k_i,
  input  logic [63:0]                seed_i,
  input  logic [31:0]                position_i,
  input  logic                       logits_valid_i,
  output logic                       logits_ready_o,
  input  logic [BeatElements*32-1:0] logits_data_i,
  output logic                       id_valid_o,
  input  logic                       id_ready_i,
  output logic [31:0]                id_data_o
);

  localparam int unsigned PortLanes = (Lanes < BeatElements) ? Lanes : BeatElements;
  localparam int unsigned Groups = (BeatElements + PortLanes - 1) / PortLanes;
  localparam int unsigned Beats = (VocabSize + BeatElements - 1) / BeatElements;

  // The first group of a beat is compared in the cycle in which the beat is taken, from the port.
  logic                       take, step, busy_q;
  logic                       open_q;  // from the last beat until the id has left
  logic [BeatElements*32-1:0] beat_q;
  logic [31:0]                first_q, group_q;  // first logit of the beat; group of it
  logic                       last_group, last_step;

  assign take           = logits_valid_i && logits_ready_o;
  assign step           = take || busy_q;
  assign last_group     = group_q == Groups - 1;
  assign last_step      = step && last_group && first_q == (Beats - 1) * BeatElements;
  assign logits_ready_o = !busy_q && !open_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q  <= 1'b0;
      open_q  <= 1'b0;
      first_q <= '0;
      group_q <= '0;
    end else begin
      if (step) begin
        busy_q  <= !last_group;
        group_q <= last_group ? '0 : group_q + 32'd1;
        if (last_group) first_q <= last_step ? '0 : first_q + BeatElements;
      end
      if (last_step) open_q <= 1'b1;
      else if (id_valid_o && id_ready_i) open_q <= 1'b0;
    end
  end

  if (Groups > 1) begin : g_beat
    always_ff @(posedge clk_i) begin
      if (take) beat_q <= logits_data_i;
    end
  end else begin : g_no_beat
    assign beat_q = (BeatElements * 32)'(0);
  end

  // The list: keys that compare as unsigned integers; no logit's key is 0, the empty place's.
  localparam int unsigned ListWidth = MaxTopK * 32;

  logic [ListWidth-1:0]    keys_q, keys_d, ids_q, ids_d;
  logic [PortLanes*32-1:0] group;

  function automatic logic [31:0] key_of(input logic [31:0] logit);
    return logit[31] ? ~logit : {1'b1, logit[30:0]};
  endfunction

  always_comb begin
    group = (PortLanes * 32)'(0);
    if (take) begin
      group = logits_data_i[PortLanes*32-1:0];
    end else if (busy_q) begin
      for (int unsigned lane = 0; lane < PortLanes; lane++) begin
        if (group_q * PortLanes + lane < BeatElements) begin
          group[32*lane +: 32] = beat_q[(group_q*PortLanes+lane)*32 +: 32];
        end
      end
    end
  end

  logic [31:0] in_beat, key;  // of a lane's logit

  always_comb begin
    keys_d  = keys_q;
    ids_d   = ids_q;
    in_beat = '0;
    key     = '0;
    if (step) begin
      if (group_q == '0 && first_q == '0) keys_d = '0;
      for (int unsigned lane = 0; lane < PortLanes; lane++) begin
        in_beat = group_q * PortLanes + lane;
        key = key_of(group[32*lane +: 32]);
        if (in_beat < BeatElements && first_q + in_beat < VocabSize &&
            key > keys_d[ListWidth-32 +: 32]) begin
          // It takes the last place and moves up past those that are smaller.
          keys_d[ListWidth-32 +: 32] = key;
          ids_d[ListWidth-32 +: 32]  = first_q + in_beat;
          for (int unsigned place = MaxTopK - 1; place > 0; place--) begin
            if (key > keys_d[32*(place-1) +: 32]) begin
              keys_d[32*place +: 32]     = keys_d[32*(place-1) +: 32];
              ids_d[32*place +: 32]      = ids_d[32*(place-1) +: 32];
              keys_d[32*(place-1) +: 32] = key;
              ids_d[32*(place-1) +: 32]  = first_q + in_beat;
            end
          end
        end
      end
    end
  end

  logic compared_q;  // the list is complete

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      keys_q     <= '0;
      ids_q      <= '0;
      compared_q <= 1'b0;
    end else begin
      if (step) begin
        keys_q <= keys_d;
        ids_q  <= ids_d;
      end
      if (step || compared_q) compared_q <= last_step;
    end
  end

  logic        first_valid, drawn_valid;
  logic [31:0] first, drawn;

  kiln_delay #(.Cycles(CompareCycles - 1), .Width(32)) u_compare (
    .clk_i,
    .rst_ni,
    .valid_i(last_step && greedy_i),
    .data_i (ids_d[31:0]),
    .valid_o(first_valid),
    .data_o (first)
  );

  // A draw works on the list's register, which is one of its cycles.
  kiln_sampler_draw #(.DrawCycles(CompareCycles + DrawCycles - 1), .MaxTopK(MaxTopK)) u_draw (
    .clk_i,
    .rst_ni,
    .factor_i,
    .top_k_i,
    .seed_i,
    .position_i,
    .valid_i(compared_q && !greedy_i),
    .keys_i (keys_q),
    .ids_i  (ids_q),
    .valid_o(drawn_valid),
    .id_o   (drawn)
  );

  kiln_output_buffer #(.Width(32), .Depth(1)) u_id (
    .clk_i,
    .rst_ni,
    .push_i (first_valid || drawn_valid),
    .data_i (first_valid ? first : drawn),
    .valid_o(id_valid_o),
    .ready_i(id_ready_i),
    .data_o (id_data_o)
  );

endmodule
