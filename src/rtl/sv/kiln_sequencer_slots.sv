// The slots' tokens: the position that is next in each, how long its answer is, and whether the
// next id is known; and whose turn it is in this cycle, with all that comes in it. A token issues
// in the cycle in which issue_o is high. docs/units/sequencer.md
module kiln_sequencer_slots #(
  parameter int unsigned Users = 1,
  parameter int unsigned UserWidth = 1,
  parameter int unsigned Slots = 1,
  parameter int unsigned SlotWidth = 1,
  parameter int unsigned Turn = 0,
  parameter int unsigned VocabWidth = 32
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       free_i,  // the chip can take a token
  input  logic [Slots-1:0]           taken_i,
  input  logic [Slots-1:0]           admitted_i,  // in this cycle
  input  logic [Slots*UserWidth-1:0] users_i,
  input  logic [Users-1:0]           left_i,
  input  logic [Users*32-1:0]        lengths_i,
  input  logic [Users*32-1:0]        shares_i,
  input  logic [Users*32-1:0]        arrived_i,
  input  logic                       answer_i,  // a commit made an answer token
  input  logic [SlotWidth-1:0]       answer_slot_i,
  input  logic [VocabWidth-1:0]      answer_id_i,
  output logic [31:0]                answers_o,  // of that slot, before this one
  output logic                       issue_o,
  output logic [SlotWidth-1:0]       issue_slot_o,
  output logic [UserWidth-1:0]       issue_user_o,
  output logic [31:0]                issue_position_o,
  output logic                       issue_prompt_o,  // a prompt's token; else:
  output logic [VocabWidth-1:0]      issue_id_o
);

  logic [Slots-1:0]            known_d, known_q, ready, decodes;
  logic [Slots*32-1:0]         next_d, next_q, answers_d, answers_q;
  logic [Slots*VocabWidth-1:0] ids_d, ids_q;  // the answers' last ids
  logic [UserWidth-1:0]        user;

  always_comb begin
    known_d   = known_q;
    next_d    = next_q;
    answers_d = answers_q;
    ids_d     = ids_q;
    if (answer_i) begin
      known_d[answer_slot_i]                             = 1'b1;
      answers_d[32*32'(answer_slot_i) +: 32]             = answers_o + 32'd1;
      ids_d[VocabWidth*32'(answer_slot_i) +: VocabWidth] = answer_id_i;
    end
    for (int unsigned s = 0; s < Slots; s++) begin
      if (admitted_i[s]) begin
        known_d[s]            = 1'b0;
        next_d[32*s +: 32]    = '0;
        answers_d[32*s +: 32] = '0;
      end
    end
  end

  always_comb begin
    ready   = '0;
    decodes = '0;
    user    = '0;
    if (free_i) begin
      for (int unsigned s = 0; s < Slots; s++) begin
        user       = users_i[s*UserWidth +: UserWidth];
        decodes[s] = next_d[32*s +: 32] >= lengths_i[32*32'(user) +: 32];
        ready[s]   = taken_i[s] && !left_i[user] &&
                     next_d[32*s +: 32] < shares_i[32*32'(user) +: 32] &&
                     (decodes[s] ? known_d[s] : next_d[32*s +: 32] < arrived_i[32*32'(user) +: 32]);
      end
    end
  end

  logic [31:0] served_q, chosen;  // slot of the last token; of the next one

  kiln_sequencer_turn #(.Slots(Slots), .Turn(Turn)) u_turn (
    .ready_i  (ready),
    .decodes_i(decodes),
    .served_i (served_q),
    .found_o  (issue_o),
    .slot_o   (chosen)
  );

  assign issue_slot_o     = SlotWidth'(chosen);
  assign answers_o        = answers_q[32*32'(answer_slot_i) +: 32];
  assign issue_user_o     = users_i[chosen*UserWidth +: UserWidth];
  assign issue_position_o = next_d[32*chosen +: 32];
  assign issue_prompt_o   = !decodes[issue_slot_o];
  assign issue_id_o       = ids_d[VocabWidth*chosen +: VocabWidth];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      known_q   <= '0;
      next_q    <= (Slots * 32)'(0);
      answers_q <= (Slots * 32)'(0);
      ids_q     <= (Slots * VocabWidth)'(0);
      served_q  <= Slots - 1;
    end else if (answer_i || issue_o || admitted_i != '0) begin
      known_q   <= known_d;
      next_q    <= next_d;
      answers_q <= answers_d;
      ids_q     <= ids_d;
      if (issue_o) begin
        known_q[issue_slot_o]   <= 1'b0;
        next_q[32*chosen +: 32] <= issue_position_o + 32'd1;
        served_q                <= chosen;
      end
    end
  end

endmodule
