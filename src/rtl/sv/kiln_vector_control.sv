// The order of the vector unit's operations for a token, one at a time: which stream is let in
// (op_o), how many of its beats have come, and when the next one follows: behind its last
// beat out, or the residual's completion. Every layer: norm, qkv, attention, o, norm, gate_up,
// down. docs/units/vector_unit.md
module kiln_vector_control import kiln_pkg::*; #(
  parameter int unsigned HiddenBeats = 1,
  parameter int unsigned KvBeats = 1,  // of k; of v too
  parameter int unsigned QBeats = 1,
  parameter int unsigned FfnBeats = 1,
  parameter int unsigned Layers = 1
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        with_logits_i,
  input  logic        take_i,      // a beat of the op's stream comes in
  input  logic        leave_i,     // a beat of the op's output leaves
  input  logic        complete_i,  // the residual is complete from the next cycle on
  output vector_op_e  op_o,
  output logic [31:0] taken_o,     // beats of it that have come
  output logic        open_o,      // there are more to come
  output logic        norm_o,      // a norm begins in the next cycle
  output logic        done_o,      // the token is done, without logits, in the next cycle
  output logic [31:0] norm_index_o,
  output logic [15:0] layer_o
);

  vector_op_e  op_d, op_q;
  logic [31:0] taken_q, left_q, beats_in, beats_out;
  logic [15:0] layer_q;
  logic        last_layer, over;

  assign op_o         = op_q;
  assign taken_o      = taken_q;
  assign open_o       = taken_q != beats_in;
  assign layer_o      = layer_q;
  assign last_layer   = 32'(layer_q) == Layers - 1;
  assign norm_o       = complete_i && op_d != OpDone;
  assign done_o       = complete_i && op_d == OpDone;
  assign norm_index_o = (op_q == OpNormHead) ? 2 * Layers
                                           : 2 * 32'(layer_q) + 32'(op_q == OpNormFfn);

  always_comb begin
    beats_in  = '0;
    beats_out = HiddenBeats;
    case (op_q)
      OpEmbedding, OpO, OpDown: beats_in = HiddenBeats;
      OpQkv:                {beats_in, beats_out} = {2{2 * KvBeats + QBeats}};
      OpAttention:          {beats_in, beats_out} = {2{QBeats}};
      OpGateUp:             {beats_in, beats_out} = {2 * FfnBeats, FfnBeats};
      OpDone:               beats_out = 1;
      default:            beats_in = '0;
    endcase
  end

  always_comb begin
    op_d = op_q;
    over = complete_i || (leave_i && left_q == beats_out - 1);
    if (over) begin
      case (op_q)
        OpEmbedding:     op_d = OpNormAttention;
        OpNormAttention: op_d = OpQkv;
        OpQkv:           op_d = OpAttention;
        OpAttention:     op_d = OpO;
        OpO:             op_d = OpNormFfn;
        OpNormFfn:       op_d = OpGateUp;
        OpGateUp:        op_d = OpDown;
        OpDown:          op_d = !last_layer ? OpNormAttention : with_logits_i ? OpNormHead : OpDone;
        default:       op_d = OpEmbedding;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      op_q    <= OpEmbedding;
      taken_q <= '0;
      left_q  <= '0;
      layer_q <= '0;
    end else begin
      op_q <= op_d;
      if (over) begin
        taken_q <= '0;
        left_q  <= '0;
      end else begin
        if (take_i) taken_q <= taken_q + 1;
        if (leave_i) left_q <= left_q + 1;
      end
      if (over && op_q == OpEmbedding) layer_q <= '0;
      if (over && op_q == OpDown && !last_layer) layer_q <= layer_q + 16'd1;
    end
  end

endmodule
