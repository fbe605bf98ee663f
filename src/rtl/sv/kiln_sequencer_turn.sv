// Whose turn it is: the first slot behind the one served last whose token can be issued, of those that the policy
// prefers if there are any. Turn: 0 in turn among all, 1 answers before prompts, 2 prompts before answers.
// Combinational. docs/units/sequencer.md
module kiln_sequencer_turn #(
  parameter int unsigned Slots = 1,
  parameter int unsigned Turn = 0
) (
  input  logic [Slots-1:0] ready_i,
  input  logic [Slots-1:0] decodes_i,  // its next token is one of an answer
  input  logic [31:0]      served_i,
  output logic             found_o,
  output logic [31:0]      slot_o
);

  logic [Slots-1:0] preferred;

  always_comb begin
    preferred = ready_i;
    if (Turn == 1 && (ready_i & decodes_i) != '0) preferred = ready_i & decodes_i;
    if (Turn == 2 && (ready_i & ~decodes_i) != '0) preferred = ready_i & ~decodes_i;
    found_o = 1'b0;
    slot_o  = '0;
    for (int unsigned i = 0; i < 2 * Slots; i++) begin
      if (i > served_i && !found_o && preferred[(i < Slots) ? i : i - Slots]) begin
        found_o = 1'b1;
        slot_o  = (i < Slots) ? i : i - Slots;
      end
    end
  end

endmodule
