// Holds the residual and does what is element-wise: adds, RMSNorm, RoPE, SiLU, Hadamard transforms,
// quantisation; one operation at a time, Lanes elements a cycle, one set of lanes a function. What
// leaves waits in a buffer of a whole vector. layer_o: the layer being worked on, from its norm's
// first cycle on. position_i and with_logits_i are constant for a token. docs/units/vector_unit.md
module kiln_vector_unit #(
  parameter int unsigned HiddenSize = 64,
  parameter int unsigned FfnSize = 64,
  parameter int unsigned Heads = 1,
  parameter int unsigned KvHeads = 1,
  parameter int unsigned HeadDim = 64,  // divides BeatElements
  parameter int unsigned Layers = 1,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Lanes = 64,
  parameter int unsigned AddCycles = 1,
  parameter int unsigned SumCycles = 1,
  parameter int unsigned RsqrtCycles = 1,
  parameter int unsigned ScaleCycles = 1,
  parameter int unsigned RopeCycles = 1,
  parameter int unsigned SiluCycles = 1,
  parameter int unsigned HadamardCycles = 1,
  parameter int unsigned QuantiseCycles = 1,
  parameter logic [31:0] Eps = '0,
  parameter GammaFile = "",
  parameter RopeFile = "",
  localparam int unsigned InWidth = 32 * BeatElements,
  localparam int unsigned ArrayWidth = 8 * BeatElements + 12 * (BeatElements / 64),
  localparam int unsigned HeadGroups = BeatElements / HeadDim * ((HeadDim + 63) / 64),
  localparam int unsigned AttentionWidth = 8 * BeatElements + 9 * HeadGroups
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      embedding_valid_i,
  output logic                      embedding_ready_o,
  input  logic [InWidth-1:0]        embedding_data_i,
  input  logic                      qkv_tree_valid_i,
  output logic                      qkv_tree_ready_o,
  input  logic [InWidth-1:0]        qkv_tree_data_i,
  input  logic                      attention_valid_i,
  output logic                      attention_ready_o,
  input  logic [InWidth-1:0]        attention_data_i,
  input  logic                      o_tree_valid_i,
  output logic                      o_tree_ready_o,
  input  logic [InWidth-1:0]        o_tree_data_i,
  input  logic                      gate_up_tree_valid_i,
  output logic                      gate_up_tree_ready_o,
  input  logic [InWidth-1:0]        gate_up_tree_data_i,
  input  logic                      down_tree_valid_i,
  output logic                      down_tree_ready_o,
  input  logic [InWidth-1:0]        down_tree_data_i,
  output logic                      qkv_array_valid_o,
  input  logic                      qkv_array_ready_i,
  output logic [ArrayWidth-1:0]     qkv_array_data_o,
  output logic                      o_array_valid_o,
  input  logic                      o_array_ready_i,
  output logic [ArrayWidth-1:0]     o_array_data_o,
  output logic                      gate_up_array_valid_o,
  input  logic                      gate_up_array_ready_i,
  output logic [ArrayWidth-1:0]     gate_up_array_data_o,
  output logic                      down_array_valid_o,
  input  logic                      down_array_ready_i,
  output logic [ArrayWidth-1:0]     down_array_data_o,
  output logic                      lm_head_array_valid_o,
  input  logic                      lm_head_array_ready_i,
  output logic [ArrayWidth-1:0]     lm_head_array_data_o,
  output logic                      attention_out_valid_o,
  input  logic                      attention_out_ready_i,
  output logic [AttentionWidth-1:0] attention_out_data_o,
  output logic                      done_valid_o,
  input  logic                      done_ready_i,
  output logic [31:0]               done_data_o,
  input  logic [31:0]               position_i,
  input  logic                      with_logits_i,
  output logic [15:0]               layer_o
);

  import kiln_pkg::*;

  localparam int unsigned L = (Lanes < BeatElements) ? Lanes : BeatElements;
  localparam int unsigned Steps = (BeatElements + L - 1) / L;
  localparam int unsigned StepWidth = (Steps > 1) ? $clog2(Steps) : 1;
  localparam int unsigned Groups = BeatElements / 64;
  localparam int unsigned GroupsWidth = $clog2(Groups + 1);
  localparam int unsigned HeadGroupsWidth = $clog2(HeadGroups + 1);

  localparam int unsigned KvWidth = KvHeads * HeadDim;
  localparam int unsigned QWidth = Heads * HeadDim;
  localparam int unsigned HiddenBeats = beats(HiddenSize, BeatElements);
  localparam int unsigned KvBeats = beats(KvWidth, BeatElements);
  localparam int unsigned QBeats = beats(QWidth, BeatElements);
  localparam int unsigned FfnBeats = beats(FfnSize, BeatElements);
  localparam int unsigned ArrayBeats = 
      (FfnBeats > HiddenBeats && FfnBeats > QBeats) ? FfnBeats
                                                    : (HiddenBeats > QBeats) ? HiddenBeats : QBeats;
  localparam int unsigned Words = HiddenBeats * Steps;
  localparam int unsigned AddrWidth = (Words > 1) ? $clog2(Words) : 1;

  // Control.
  vector_op_e  op;
  logic [31:0] taken, norm_index;
  logic        open, idle, take, leave, complete, norm_begins, token_done;

  kiln_vector_control #(
    .HiddenBeats(HiddenBeats), .KvBeats(KvBeats), .QBeats(QBeats), .FfnBeats(FfnBeats),
    .Layers(Layers)
  ) u_control (
    .clk_i, .rst_ni, .with_logits_i, .take_i(take), .leave_i(leave), .complete_i(complete),
    .op_o(op), .taken_o(taken), .open_o(open), .norm_o(norm_begins), .done_o(token_done),
    .norm_index_o(norm_index), .layer_o
  );

  // Beats in: the op's stream, zeros behind the section's end.
  // Beside a beat: rotate or up, groups, groups of heads.
  localparam int unsigned SideWidth = 1 + GroupsWidth + HeadGroupsWidth;

  logic                       ready, section_last, flag;
  logic [InWidth-1:0]         beat;
  int unsigned                elements;  // of the beat that are not padding
  logic [SideWidth-1:0]       side_in, side;
  logic                       valid;
  logic [StepWidth-1:0]       step;
  logic [32*Steps*L-1:0]      held;
  logic [32*L-1:0]            lanes;
  logic                       side_flag;
  logic [GroupsWidth-1:0]     side_groups;
  logic [HeadGroupsWidth-1:0] side_head_groups;

  assign ready                = open && idle;
  assign embedding_ready_o    = ready && op == OpEmbedding;
  assign qkv_tree_ready_o     = ready && op == OpQkv;
  assign attention_ready_o    = ready && op == OpAttention;
  assign o_tree_ready_o       = ready && op == OpO;
  assign gate_up_tree_ready_o = ready && op == OpGateUp;
  assign down_tree_ready_o    = ready && op == OpDown;
  assign take = (embedding_ready_o && embedding_valid_i) || (qkv_tree_ready_o && qkv_tree_valid_i)
                || (attention_ready_o && attention_valid_i) || (o_tree_ready_o && o_tree_valid_i)
                || (gate_up_tree_ready_o && gate_up_tree_valid_i)
                || (down_tree_ready_o && down_tree_valid_i);

  always_comb begin
    beat         = InWidth'(1'b0);
    elements     = BeatElements;
    flag         = 1'b0;
    section_last = 1'b0;
    if (take) begin
      case (op)
        OpEmbedding: beat = embedding_data_i;
        OpQkv:       beat = qkv_tree_data_i;
        OpAttention: beat = attention_data_i;
        OpO:         beat = o_tree_data_i;
        OpGateUp:    beat = gate_up_tree_data_i;
        default:     beat = down_tree_data_i;
      endcase
      case (op)
        OpQkv: begin
          flag = taken < KvBeats || taken >= 2 * KvBeats;  // k or q
          if (taken == KvBeats - 1 || taken == 2 * KvBeats - 1) begin
            elements = rest_of(KvWidth, BeatElements);
          end
          if (taken == 2 * KvBeats + QBeats - 1) elements = rest_of(QWidth, BeatElements);
        end
        OpAttention: if (taken == QBeats - 1) elements = rest_of(QWidth, BeatElements);
        OpGateUp: begin
          flag = taken[0];  // up
          if (taken >> 1 == FfnBeats - 1) elements = rest_of(FfnSize, BeatElements);
        end
        default: if (taken == HiddenBeats - 1) elements = rest_of(HiddenSize, BeatElements);
      endcase
      section_last = elements != BeatElements;
      if (section_last) beat = beat & ((InWidth'(1'b1) << (32 * elements)) - InWidth'(1'b1));
    end
  end

  assign side_in = {flag, GroupsWidth'((elements + 63) / 64),
                    HeadGroupsWidth'(elements / HeadDim * ((HeadDim + 63) / 64))};
  assign {side_flag, side_groups, side_head_groups} = side;

  kiln_vector_feed #(.Elements(BeatElements), .Lanes(L), .SideWidth(SideWidth)) u_feed (
    .clk_i, .rst_ni, .take_i(take), .beat_i(beat), .side_i(side_in), .idle_o(idle), .valid_o(valid),
    .step_o(step), .beat_o(held), .side_o(side)
  );

  always_comb begin
    lanes = (32*L)'(1'b0);
    if (valid) lanes = held[32*L*32'(step) +: 32*L];
  end

  // The residual and its norm.
  logic                 absorb, norm_read, norm_valid, norm_beat_last;
  logic [AddrWidth-1:0] norm_addr;
  logic [32*L-1:0]      residual, norm_lanes;
  logic [7:0]           residual_largest;

  assign absorb = valid && (op == OpEmbedding || op == OpO || op == OpDown);

  kiln_residual #(.Words(Words), .Lanes(L), .AddCycles(AddCycles)) u_residual (
    .clk_i, .rst_ni, .valid_i(absorb), .replace_i(op == OpEmbedding), .lanes_i(lanes),
    .read_i(norm_read), .addr_i(norm_addr), .lanes_o(residual), .complete_o(complete),
    .largest_o(residual_largest)
  );

  kiln_rms_norm #(
    .HiddenSize(HiddenSize), .Norms(2 * Layers + 1), .BeatElements(BeatElements), .Lanes(L),
    .SumCycles(SumCycles), .RsqrtCycles(RsqrtCycles), .ScaleCycles(ScaleCycles), .Eps(Eps),
    .GammaFile(GammaFile)
  ) u_norm (
    .clk_i, .rst_ni, .start_i(norm_begins), .norm_i(norm_index), .largest_i(residual_largest),
    .read_o(norm_read), .addr_o(norm_addr), .lanes_i(residual), .valid_o(norm_valid),
    .beat_last_o(norm_beat_last), .lanes_o(norm_lanes)
  );

  // SiLU: a beat of gate waits for the beat of up behind it.
  logic [InWidth-1:0]     gate_q;
  logic [32*L-1:0]        gate;
  logic                   silu_valid;
  logic [32*L-1:0]        silu_lanes;
  logic [GroupsWidth-1:0] silu_groups;

  always_ff @(posedge clk_i) begin
    if (take && op == OpGateUp && !flag) gate_q <= beat;
  end

  always_comb begin
    gate = (32*L)'(1'b0);
    if (valid && op == OpGateUp) gate = (32 * L)'(gate_q >> (32 * L * 32'(step)));
  end

  kiln_silu_multiply #(.Lanes(L), .SiluCycles(SiluCycles), .SideWidth(GroupsWidth)) u_silu (
    .clk_i, .rst_ni, .valid_i(valid && op == OpGateUp && side_flag), .gate_i(gate), .up_i(lanes),
    .side_i(side_groups), .valid_o(silu_valid), .lanes_o(silu_lanes), .side_o(silu_groups)
  );

  // To the arrays.
  logic                   to_array, array_valid, array_ready, array_push;
  logic [32*L-1:0]        array_lanes;
  logic [2:0]             array_block;
  logic [GroupsWidth-1:0] array_groups;
  logic [ArrayWidth-1:0]  array_made, array_data;

  always_comb begin
    to_array     = norm_valid;
    array_lanes  = norm_lanes;
    array_block  = 3'(block_log2(HiddenSize));
    array_groups = norm_beat_last ? GroupsWidth'((rest_of(HiddenSize, BeatElements) + 63) / 64)
                                  : GroupsWidth'(Groups);
    if (op == OpGateUp) begin
      to_array     = silu_valid;
      array_lanes  = silu_lanes;
      array_block  = 3'(block_log2(FfnSize));
      array_groups = silu_groups;
    end
    if (op == OpAttention) begin
      to_array     = valid;
      array_lanes  = lanes;
      array_block  = 3'd0;  // its transform is in the weights
      array_groups = side_groups;
    end
  end

  kiln_hadamard_quantise #(
    .BeatElements(BeatElements), .Lanes(L), .Period(BeatElements), .InputSteps(1),
    .HadamardCycles(HadamardCycles), .QuantiseCycles(QuantiseCycles)
  ) u_array_quantise (
    .clk_i, .rst_ni, .valid_i(to_array), .lanes_i(array_lanes), .block_i(array_block),
    .groups_i(array_groups), .bypass_i(op == OpAttention), .valid_o(array_push), .data_o(array_made)
  );

  kiln_output_buffer #(.Width(ArrayWidth), .Depth(ArrayBeats)) u_array_buffer (
    .clk_i, .rst_ni, .push_i(array_push), .data_i(array_made), .valid_o(array_valid),
    .ready_i(array_ready), .data_o(array_data)
  );

  assign qkv_array_valid_o     = array_valid && op == OpNormAttention;
  assign o_array_valid_o       = array_valid && op == OpAttention;
  assign gate_up_array_valid_o = array_valid && op == OpNormFfn;
  assign down_array_valid_o    = array_valid && op == OpGateUp;
  assign lm_head_array_valid_o = array_valid && op == OpNormHead;
  assign qkv_array_data_o      = qkv_array_valid_o ? array_data : '0;
  assign o_array_data_o        = o_array_valid_o ? array_data : '0;
  assign gate_up_array_data_o  = gate_up_array_valid_o ? array_data : '0;
  assign down_array_data_o     = down_array_valid_o ? array_data : '0;
  assign lm_head_array_data_o  = lm_head_array_valid_o ? array_data : '0;
  assign array_ready = (op == OpNormAttention && qkv_array_ready_i)
                       || (op == OpAttention && o_array_ready_i)
                       || (op == OpNormFfn && gate_up_array_ready_i)
                       || (op == OpGateUp && down_array_ready_i)
                       || (op == OpNormHead && lm_head_array_ready_i);

  // To attention.
  logic                       rope_valid, rope_flag, attention_push;
  logic [32*L-1:0]            rope_lanes;
  logic [HeadGroupsWidth-1:0] rope_groups;
  logic [AttentionWidth-1:0]  attention_made;

  kiln_rope #(
    .HeadDim(HeadDim), .BeatElements(BeatElements), .Lanes(L), .RopeCycles(RopeCycles),
    .SideWidth(1 + HeadGroupsWidth), .RopeFile(RopeFile)
  ) u_rope (
    .clk_i, .rst_ni, .valid_i(valid && op == OpQkv), .rotate_i(side_flag), .position_i,
    .step_i(step), .beat_i(held), .side_i({side_flag, side_head_groups}), .valid_o(rope_valid),
    .lanes_o(rope_lanes), .side_o({rope_flag, rope_groups})
  );

  kiln_hadamard_quantise #(
    .BeatElements(BeatElements), .Lanes(L), .Period(HeadDim), .InputSteps(0),
    .HadamardCycles(HadamardCycles), .QuantiseCycles(QuantiseCycles)
  ) u_attention_quantise (
    .clk_i, .rst_ni, .valid_i(rope_valid), .lanes_i(rope_lanes),
    .block_i(rope_flag ? 3'(block_log2(HeadDim)) : 3'd0), .groups_i(rope_groups), .bypass_i(1'b0),
    .valid_o(attention_push), .data_o(attention_made)
  );

  kiln_output_buffer #(.Width(AttentionWidth), .Depth(2 * KvBeats + QBeats)) u_attention_buffer (
    .clk_i, .rst_ni, .push_i(attention_push), .data_i(attention_made),
    .valid_o(attention_out_valid_o), .ready_i(attention_out_ready_i), .data_o(attention_out_data_o)
  );

  // To the sequencer.
  assign done_data_o = '0;
  assign leave       = (array_valid && array_ready)
                       || (attention_out_valid_o && attention_out_ready_i)
                       || (done_valid_o && done_ready_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) done_valid_o <= 1'b0;
    else done_valid_o <= token_done || (done_valid_o && !done_ready_i);
  end

endmodule
