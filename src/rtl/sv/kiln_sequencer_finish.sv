// Whether a commit ends its user's request, and why: 0 it does not, 1 the answer has max_new tokens, 2 it ends with an
// end token, 3 the user's share of the KV cache is full, 5 the user had left (4, refused, is no commit's).
// Combinational. docs/units/sequencer.md
module kiln_sequencer_finish #(
  parameter int unsigned MaxEnds = 1,
  parameter int unsigned VocabWidth = 32
) (
  input  logic                  commits_i,
  input  logic                  has_id_i,  // an answer token was made
  input  logic [VocabWidth-1:0] id_i,
  input  logic [MaxEnds*32-1:0] ends_i,
  input  logic [3:0]            end_count_i,
  input  logic [31:0]           answers_i,  // tokens of the answer before this one
  input  logic [31:0]           max_new_i,
  input  logic [31:0]           position_i,
  input  logic [31:0]           reserved_i,  // tokens of the user's share
  input  logic                  left_i,
  output logic [2:0]            finish_o
);

  logic ends_text;

  always_comb begin
    ends_text = 1'b0;
    for (int unsigned i = 0; i < MaxEnds; i++) begin
      if (i < 32'(end_count_i) && ends_i[32*i +: 32] == 32'(id_i)) ends_text = 1'b1;
    end
    finish_o = 3'd0;
    if (commits_i) begin
      if (has_id_i && ends_text) finish_o = 3'd2;
      else if (has_id_i && answers_i + 32'd1 == max_new_i) finish_o = 3'd1;
      else if (has_id_i && position_i + 32'd1 == reserved_i) finish_o = 3'd3;
      else if (left_i) finish_o = 3'd5;
    end
  end

endmodule
