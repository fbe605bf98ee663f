// The order of the vector unit's operations for a token, one at a time: which stream is let in (op_o), how many of its
// beats are still to come, and when the next one follows: behind its last beat out, or the residual's completion.
// Every layer: norm, qkv, attention, o, norm, gate_up, down. docs/units/vector_unit.md
module kiln_vector_control #(
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
  output logic [3:0]  op_o,
  output logic [31:0] taken_o,     // beats of it that have come
  output logic        open_o,      // there are more to come
  output logic        norm_o,      // a norm begins in the next cycle
  output logic        done_o,      // the token is done, without logits, in the next cycle
  output logic [31:0] norm_index_o,
  output logic [15:0] layer_o
);

  localparam logic [3:0] Embedding = 4'd0, NormAttention = 4'd1, Qkv = 4'd2, Attention = 4'd3, O = 4'd4,
                         NormFfn = 4'd5, GateUp = 4'd6, Down = 4'd7, NormHead = 4'd8, Done = 4'd9;

  logic [3:0]  op_d, op_q;
  logic [31:0] taken_q, left_q, beats_in, beats_out;
  logic [15:0] layer_q;
  logic        last_layer, over;

  assign op_o         = op_q;
  assign taken_o      = taken_q;
  assign open_o       = taken_q != beats_in;
  assign layer_o      = layer_q;
  assign last_layer   = 32'(layer_q) == Layers - 1;
  assign norm_o       = complete_i && op_d != Done;
  assign done_o       = complete_i && op_d == Done;
  assign norm_index_o = (op_q == NormHead) ? 2 * Layers
                                           : 2 * 32'(layer_q) + 32'(op_q == NormFfn);

  always_comb begin
    beats_in  = '0;
    beats_out = HiddenBeats;
    case (op_q)
      Embedding, O, Down: beats_in = HiddenBeats;
      Qkv:                {beats_in, beats_out} = {2{2 * KvBeats + QBeats}};
      Attention:          {beats_in, beats_out} = {2{QBeats}};
      GateUp:             {beats_in, beats_out} = {2 * FfnBeats, FfnBeats};
      Done:               beats_out = 1;
      default:            beats_in = '0;
    endcase
  end

  always_comb begin
    op_d = op_q;
    over = complete_i || (leave_i && left_q == beats_out - 1);
    if (over) begin
      case (op_q)
        Embedding:     op_d = NormAttention;
        NormAttention: op_d = Qkv;
        Qkv:           op_d = Attention;
        Attention:     op_d = O;
        O:             op_d = NormFfn;
        NormFfn:       op_d = GateUp;
        GateUp:        op_d = Down;
        Down:          op_d = !last_layer ? NormAttention : with_logits_i ? NormHead : Done;
        default:       op_d = Embedding;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      op_q    <= Embedding;
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
      if (over && op_q == Embedding) layer_q <= '0;
      if (over && op_q == Down && !last_layer) layer_q <= layer_q + 16'd1;
    end
  end

endmodule
