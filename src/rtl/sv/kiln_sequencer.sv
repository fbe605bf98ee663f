// Sequencer of a chip with one stage (layer_serial): admits users, issues their tokens in turn,
// commits them and ends answers; each of the Users numbers is good for one request. The decision
// for cycle t0 sees what happens up to and in t0; the token's id is available at t0 + IssueCycles.
// A result (or, from a token without logits, done) that is taken at t commits at t + CommitCycles.
// One token is on its way at a time: position_o ... slot_o stay from t0 + 1 until the commit of it.
// What is not known before the cycle of a commit is told a cycle later: gone_refused_o,
// gone_left_o. docs/units/sequencer.md
module kiln_sequencer #(
  parameter int unsigned Users = 1,
  parameter int unsigned Slots = 1,
  parameter int unsigned Capacity = 64,  // tokens of the KV cache
  parameter int unsigned MaxPrompt = 16,
  parameter int unsigned MaxEnds = 1,
  parameter int unsigned IssueCycles = 1,
  parameter int unsigned CommitCycles = 1,
  parameter int unsigned Turn = 0,  // 0 round_robin, 1 decode_first, 2 prefill_first
  parameter int unsigned RefuseWhenFull = 0,
  parameter int unsigned VocabWidth = 32
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  // A request: in the cycle of its user's first prompt id, or before.
  input  logic                  request_valid_i,
  input  logic [15:0]           request_user_i,
  input  logic [31:0]           request_prompt_i,  // ids
  input  logic [31:0]           request_max_new_i,
  input  logic                  request_greedy_i,
  input  logic [31:0]           request_factor_i,
  input  logic [3:0]            request_top_k_i,
  input  logic [63:0]           request_seed_i,
  input  logic [MaxEnds*32-1:0] request_ends_i,
  input  logic [3:0]            request_end_count_i,  // at most MaxEnds
  // A prompt id is here.
  input  logic                  prompt_valid_i,
  input  logic [15:0]           prompt_user_i,
  input  logic [VocabWidth-1:0] prompt_id_i,
  // A user has gone.
  input  logic                  leave_valid_i,
  input  logic [15:0]           leave_user_i,
  // The token on its way.
  output logic                  embedding_valid_o,
  input  logic                  embedding_ready_i,
  output logic [VocabWidth-1:0] embedding_data_o,
  output logic [31:0]           position_o,
  output logic                  with_logits_o,
  output logic                  greedy_o,
  output logic [31:0]           factor_o,
  output logic [3:0]            top_k_o,
  output logic [63:0]           seed_o,
  output logic [15:0]           slot_o,
  input  logic                  result_valid_i,
  output logic                  result_ready_o,
  input  logic [VocabWidth-1:0] result_data_i,
  input  logic                  done_valid_i,
  output logic                  done_ready_o,
  input  logic [VocabWidth-1:0] done_data_i,  // 0
  // The commit.
  output logic                  commit_valid_o,
  output logic [15:0]           commit_user_o,
  output logic [31:0]           commit_position_o,
  output logic                  commit_answer_o,  // an answer token was made
  output logic [VocabWidth-1:0] commit_id_o,
  output logic [2:0]            commit_finish_o,
  output logic [Users-1:0]      gone_refused_o,  // in the cycle before this one
  output logic [Users-1:0]      gone_left_o      // likewise; also in the very cycle of a commit
);

  localparam int unsigned UserWidth = (Users > 1) ? $clog2(Users) : 1;
  localparam int unsigned SlotWidth = (Slots > 1) ? $clog2(Slots) : 1;
  localparam int unsigned SamplingWidth = 1 + 32 + 4 + 64;
  localparam int unsigned EndsWidth = MaxEnds * 32 + 4;

  // ---- users: there are none beyond Users ----
  logic [Users-1:0]         left_d, left_q, decided_d, decided_q, ended, refused;
  logic [UserWidth-1:0]     prompt_user, leave_user;
  logic                     arrives, comes, goes, leaves;
  logic [Users*32-1:0]      lengths, shares, arrived;
  logic [EndsWidth-1:0]     ends;
  logic [31:0]              max_new, share;

  assign prompt_user = UserWidth'(prompt_user_i);
  assign leave_user  = UserWidth'(leave_user_i);
  assign arrives     = prompt_valid_i && 32'(prompt_user_i) < Users && !decided_q[prompt_user];
  assign goes        = leave_valid_i && 32'(leave_user_i) < Users;

  // ---- slots ----
  logic [Slots-1:0]           taken, admitted;
  logic [Slots*UserWidth-1:0] slot_users;
  logic [31:0]                answers;

  // ---- the token on its way, and its commit ----
  logic                     flies_q;
  logic [UserWidth-1:0]     user_q;
  logic [SlotWidth-1:0]     slot_q;
  logic [31:0]              position_q;
  logic                     with_logits_q;
  logic [SamplingWidth-1:0] sampling_q;
  logic                     commits, has_id, ending, finishes;
  logic [VocabWidth-1:0]    id;

  assign result_ready_o = 1'b1;
  assign done_ready_o   = 1'b1;

  kiln_delay #(.Cycles(CommitCycles), .Width(1 + VocabWidth)) u_commit (
    .clk_i,
    .rst_ni,
    .valid_i(result_valid_i || done_valid_i),
    .data_i ({result_valid_i, result_valid_i ? result_data_i : done_data_i}),
    .valid_o(commits),
    .data_o ({has_id, id})
  );

  kiln_sequencer_finish #(.MaxEnds(MaxEnds), .VocabWidth(VocabWidth)) u_finish (
    .commits_i  (commits),
    .has_id_i   (has_id),
    .id_i       (id),
    .ends_i     (ends[4 +: MaxEnds*32]),
    .end_count_i(ends[3:0]),
    .answers_i  (answers),
    .max_new_i  (max_new),
    .position_i (position_q),
    .reserved_i (share),
    .left_i     (left_q[user_q]),
    .finish_o   (commit_finish_o)
  );

  assign ending            = commit_finish_o != '0;
  assign finishes          = commits && (ending || left_d[user_q]);
  assign commit_valid_o    = commits;
  assign commit_user_o     = 16'(user_q);
  assign commit_position_o = position_q;
  assign commit_answer_o   = commits && has_id;
  assign commit_id_o       = id;

  // ---- what happens in this cycle ----
  always_comb begin
    left_d = left_q;
    if (goes) left_d[leave_user] = 1'b1;
    // With a token on its way a user leaves with its commit, be it in this cycle.
    leaves = goes && !decided_q[leave_user] && !(flies_q && user_q == leave_user);
    ended  = '0;
    if (leaves) ended[leave_user] = 1'b1;
    if (finishes && !ending) ended[user_q] = 1'b1;
  end

  assign decided_d = decided_q | ended | refused | (Users'(finishes) << user_q);

  kiln_sequencer_admission #(
    .Users         (Users),
    .Slots         (Slots),
    .Capacity      (Capacity),
    .RefuseWhenFull(RefuseWhenFull),
    .UserWidth     (UserWidth)
  ) u_admission (
    .clk_i,
    .rst_ni,
    .come_i        (comes),
    .come_user_i   (prompt_user),
    .release_i     (finishes),
    .release_user_i(user_q),
    .leave_i       (leaves),
    .leave_user_i  (leave_user),
    .reserved_i    (shares),
    .taken_o       (taken),
    .users_o       (slot_users),
    .admitted_o    (admitted),
    .refused_o     (refused)
  );

  // ---- whose token is next ----
  logic                     issues, from_prompt;
  logic [31:0]              position;
  logic [SlotWidth-1:0]     chosen;
  logic [UserWidth-1:0]     user;
  logic [VocabWidth-1:0]    answer_id, prompt_id;
  logic [SamplingWidth-1:0] sampling;

  kiln_sequencer_slots #(
    .Users     (Users),
    .UserWidth (UserWidth),
    .Slots     (Slots),
    .SlotWidth (SlotWidth),
    .Turn      (Turn),
    .VocabWidth(VocabWidth)
  ) u_slots (
    .clk_i,
    .rst_ni,
    .free_i          (!flies_q || commits),
    .taken_i         (taken),
    .admitted_i      (admitted),
    .users_i         (slot_users),
    .left_i          (left_d),
    .lengths_i       (lengths),
    .shares_i        (shares),
    .arrived_i       (arrived),
    .answer_i        (commits && has_id),
    .answer_slot_i   (slot_q),
    .answer_id_i     (id),
    .answers_o       (answers),
    .issue_o         (issues),
    .issue_slot_o    (chosen),
    .issue_user_o    (user),
    .issue_position_o(position),
    .issue_prompt_o  (from_prompt),
    .issue_id_o      (answer_id)
  );

  kiln_sequencer_requests #(
    .Users        (Users),
    .UserWidth    (UserWidth),
    .Capacity     (Capacity),
    .MaxPrompt    (MaxPrompt),
    .SamplingWidth(SamplingWidth),
    .EndsWidth    (EndsWidth),
    .VocabWidth   (VocabWidth)
  ) u_requests (
    .clk_i,
    .rst_ni,
    .request_i         (request_valid_i && 32'(request_user_i) < Users),
    .request_user_i    (UserWidth'(request_user_i)),
    .request_prompt_i,
    .request_max_new_i,
    .request_sampling_i({request_greedy_i, request_factor_i, request_top_k_i, request_seed_i}),
    .request_ends_i    ({request_ends_i, request_end_count_i}),
    .arrives_i         (arrives),
    .prompt_user_i     (prompt_user),
    .prompt_id_i,
    .first_o           (comes),
    .lengths_o         (lengths),
    .shares_o          (shares),
    .arrived_o         (arrived),
    .issue_user_i      (user),
    .issue_position_i  (position),
    .issue_id_o        (prompt_id),
    .issue_sampling_o  (sampling),
    .commit_user_i     (user_q),
    .commit_max_new_o  (max_new),
    .commit_share_o    (share),
    .commit_ends_o     (ends)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q         <= '0;
      decided_q      <= '0;
      gone_refused_o <= '0;
      gone_left_o    <= '0;
    end else begin
      left_q         <= left_d;
      decided_q      <= decided_d;
      gone_refused_o <= refused;
      gone_left_o    <= ended;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      flies_q       <= 1'b0;
      user_q        <= '0;
      slot_q        <= '0;
      position_q    <= '0;
      with_logits_q <= 1'b0;
      sampling_q    <= '0;
    end else begin
      flies_q <= issues || (flies_q && !commits);
      if (issues) begin
        user_q        <= user;
        slot_q        <= chosen;
        position_q    <= position;
        with_logits_q <= position + 32'd1 >= lengths[32*32'(user) +: 32];
        sampling_q    <= sampling;
      end
    end
  end

  assign position_o                            = position_q;
  assign with_logits_o                         = with_logits_q;
  assign {greedy_o, factor_o, top_k_o, seed_o} = sampling_q;
  assign slot_o                                = 16'(slot_q);

  logic                  issued;
  logic [VocabWidth-1:0] issued_id;

  kiln_delay #(.Cycles(IssueCycles - 1), .Width(VocabWidth)) u_issue (
    .clk_i,
    .rst_ni,
    .valid_i(issues),
    .data_i (from_prompt ? prompt_id : answer_id),
    .valid_o(issued),
    .data_o (issued_id)
  );

  kiln_output_buffer #(.Width(VocabWidth), .Depth(1)) u_embedding (
    .clk_i,
    .rst_ni,
    .push_i (issued),
    .data_i (issued_id),
    .valid_o(embedding_valid_o),
    .ready_i(embedding_ready_i),
    .data_o (embedding_data_o)
  );

endmodule
