// What the sequencer knows of its users' requests: lengths, shares of the KV cache, how many of the
// prompt's ids have arrived, the ids themselves, end tokens, and how to sample. lengths_o,
// shares_o, arrived_o and the issue's reads see what comes in this cycle; the commit's reads are of
// registers alone. Prompts have at most MaxPrompt ids. docs/units/sequencer.md
module kiln_sequencer_requests #(
  parameter int unsigned Users = 1,
  parameter int unsigned UserWidth = 1,
  parameter int unsigned Capacity = 64,
  parameter int unsigned MaxPrompt = 16,
  parameter int unsigned SamplingWidth = 101,
  parameter int unsigned EndsWidth = 36,
  parameter int unsigned VocabWidth = 32
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     request_i,
  input  logic [UserWidth-1:0]     request_user_i,
  input  logic [31:0]              request_prompt_i,
  input  logic [31:0]              request_max_new_i,
  input  logic [SamplingWidth-1:0] request_sampling_i,
  input  logic [EndsWidth-1:0]     request_ends_i,
  input  logic                     arrives_i,  // a prompt id
  input  logic [UserWidth-1:0]     prompt_user_i,
  input  logic [VocabWidth-1:0]    prompt_id_i,
  output logic                     first_o,  // it is the first of its prompt
  output logic [Users*32-1:0]      lengths_o,  // prompts
  output logic [Users*32-1:0]      shares_o,  // tokens of the KV cache
  output logic [Users*32-1:0]      arrived_o,
  // For the issue.
  input  logic [UserWidth-1:0]     issue_user_i,
  input  logic [31:0]              issue_position_i,
  output logic [VocabWidth-1:0]    issue_id_o,
  output logic [SamplingWidth-1:0] issue_sampling_o,
  // For the commit.
  input  logic [UserWidth-1:0]     commit_user_i,
  output logic [31:0]              commit_max_new_o,
  output logic [31:0]              commit_share_o,
  output logic [EndsWidth-1:0]     commit_ends_o
);

  logic [Users*32-1:0]      lengths_q, shares_q, arrived_q;
  logic [31:0]              max_new_q [Users];
  logic [SamplingWidth-1:0] samplings_q [Users];
  logic [EndsWidth-1:0]     ends_q [Users];
  logic [VocabWidth-1:0]    prompts_q [Users*MaxPrompt];
  logic [32:0]              wanted;  // the answer's last token needs no place in the KV cache
  logic [31:0]              came;  // ids of the prompt that came before this one

  assign wanted  = {1'b0, request_prompt_i} + {1'b0, request_max_new_i} - 33'd1;
  assign came    = arrived_q[32*32'(prompt_user_i) +: 32];
  assign first_o = arrives_i && came == '0;

  always_comb begin
    lengths_o = lengths_q;
    shares_o  = shares_q;
    arrived_o = arrived_q;
    if (request_i) begin
      lengths_o[32*32'(request_user_i) +: 32] = request_prompt_i;
      shares_o[32*32'(request_user_i) +: 32]  = (wanted > 33'(Capacity)) ? Capacity : 32'(wanted);
    end
    if (arrives_i) arrived_o[32*32'(prompt_user_i) +: 32] = came + 32'd1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      arrived_q <= (Users * 32)'(0);
    end else if (arrives_i) begin
      arrived_q <= arrived_o;
    end
  end

  // Nobody reads what is kept of a user before that user's request.
  always_ff @(posedge clk_i) begin
    if (request_i) lengths_q <= lengths_o;
    if (request_i) shares_q <= shares_o;
    if (request_i) max_new_q[request_user_i] <= request_max_new_i;
    if (request_i) samplings_q[request_user_i] <= request_sampling_i;
    if (request_i) ends_q[request_user_i] <= request_ends_i;
    if (arrives_i) prompts_q[32'(prompt_user_i)*MaxPrompt + came] <= prompt_id_i;
  end

  assign issue_id_o = (issue_position_i == arrived_q[32*32'(issue_user_i) +: 32])
                      ? prompt_id_i  // arrives in this cycle
                      : prompts_q[32'(issue_user_i)*MaxPrompt + issue_position_i];
  assign issue_sampling_o = (request_i && request_user_i == issue_user_i)
                            ? request_sampling_i : samplings_q[issue_user_i];
  assign commit_max_new_o = max_new_q[commit_user_i];
  assign commit_share_o   = shares_q[32*32'(commit_user_i) +: 32];
  assign commit_ends_o    = ends_q[commit_user_i];

endmodule
