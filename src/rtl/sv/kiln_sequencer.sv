// Sequencer of a chip with one stage (layer_serial): admits users, issues their tokens in turn, commits them and ends
// answers; each of the Users numbers is good for one request. The decision for cycle t0 sees what happens up to and in
// t0; the token's id is available at t0 + IssueCycles. A result (or, from a token without logits, done) that is taken at
// t commits at t + CommitCycles. One token is on its way at a time: position_o ... slot_o stay from t0 + 1 until the
// commit of it. What is not known before the cycle of a commit is told a cycle later: gone_refused_o, gone_left_o.
// docs/units/sequencer.md
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
  output logic [Users-1:0]      gone_left_o      // likewise: in the queue, with a slot, or in the very cycle of a commit
);

  localparam int unsigned UserWidth = (Users > 1) ? $clog2(Users) : 1;
  localparam int unsigned SlotWidth = (Slots > 1) ? $clog2(Slots) : 1;
  localparam int unsigned SamplingWidth = 1 + 32 + 4 + 64;

  // ---- users ----
  logic [Users*32-1:0]      prompt_d, prompt_q, reserved_d, reserved_q, max_new_d, max_new_q;
  logic [Users*32-1:0]      arrived_d, arrived_q;
  logic [Users-1:0]         left_d, left_q, decided_d, decided_q, ended;
  logic [SamplingWidth-1:0] samplings_q [Users];
  logic [SamplingWidth-1:0] sampling;
  logic [MaxEnds*32+3:0]    ends_q [Users];
  logic [UserWidth-1:0]     request_user, prompt_user, leave_user;
  logic                     requests, goes;
  logic [32:0]              length;  // tokens of the request that have a place in the KV cache, if it were large enough

  assign request_user = UserWidth'(request_user_i);
  assign prompt_user  = UserWidth'(prompt_user_i);
  assign leave_user   = UserWidth'(leave_user_i);
  assign requests     = request_valid_i && 32'(request_user_i) < Users;  // there are no others
  assign goes         = leave_valid_i && 32'(leave_user_i) < Users;
  assign length       = {1'b0, request_prompt_i} + {1'b0, request_max_new_i} - 33'd1;
  assign sampling     = {request_greedy_i, request_factor_i, request_top_k_i, request_seed_i};

  always_comb begin
    prompt_d   = prompt_q;
    reserved_d = reserved_q;
    max_new_d  = max_new_q;
    if (requests) begin
      prompt_d[32*32'(request_user) +: 32]   = request_prompt_i;
      max_new_d[32*32'(request_user) +: 32]  = request_max_new_i;
      reserved_d[32*32'(request_user) +: 32] = (length > 33'(Capacity)) ? Capacity : 32'(length);
    end
  end

  always_ff @(posedge clk_i) begin
    if (requests) samplings_q[request_user] <= sampling;
    if (requests) ends_q[request_user] <= {request_ends_i, request_end_count_i};
  end

  // ---- slots ----
  logic [Slots-1:0]            taken, admitted, ready, decodes, known_d, known_q;
  logic [Slots*UserWidth-1:0]  slot_users;
  logic [Slots*32-1:0]         next_d, next_q, answers_d, answers_q;
  logic [Slots*VocabWidth-1:0] ids_d, ids_q;  // the answers' last ids

  // ---- the token on its way, and its commit ----
  logic                     flies_q;
  logic [UserWidth-1:0]     user_q;
  logic [SlotWidth-1:0]     slot_q;
  logic [31:0]              position_q;
  logic                     with_logits_q;
  logic [SamplingWidth-1:0] sampling_q;
  logic                     commits, has_id, ends, finishes;
  logic [VocabWidth-1:0]    id;
  logic [MaxEnds*32+3:0]    user_ends;

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

  assign user_ends = ends_q[user_q];

  kiln_sequencer_finish #(.MaxEnds(MaxEnds), .VocabWidth(VocabWidth)) u_finish (
    .commits_i  (commits),
    .has_id_i   (has_id),
    .id_i       (id),
    .ends_i     (user_ends[4 +: MaxEnds*32]),
    .end_count_i(user_ends[3:0]),
    .answers_i  (answers_q[32*32'(slot_q) +: 32]),
    .max_new_i  (max_new_q[32*32'(user_q) +: 32]),
    .position_i (position_q),
    .reserved_i (reserved_q[32*32'(user_q) +: 32]),
    .left_i     (left_q[user_q]),
    .finish_o   (commit_finish_o)
  );

  assign ends              = commit_finish_o != '0;
  assign finishes          = commits && (ends || left_d[user_q]);
  assign commit_valid_o    = commits;
  assign commit_user_o     = 16'(user_q);
  assign commit_position_o = position_q;
  assign commit_answer_o   = commits && has_id;
  assign commit_id_o       = id;

  // ---- what happens in this cycle ----
  logic             arrives, comes, leaves;
  logic [Users-1:0] refused;

  always_comb begin
    left_d    = left_q;
    arrived_d = arrived_q;
    if (goes) left_d[leave_user] = 1'b1;
    arrives = prompt_valid_i && 32'(prompt_user_i) < Users && !decided_q[prompt_user];
    comes   = arrives && arrived_q[32*32'(prompt_user) +: 32] == '0;
    if (arrives) begin
      arrived_d[32*32'(prompt_user) +: 32] = arrived_q[32*32'(prompt_user) +: 32] + 32'd1;
    end
    // With a token on its way a user leaves with its commit, be it in this cycle.
    leaves = goes && !decided_q[leave_user] && !(flies_q && user_q == leave_user);
    ended  = '0;
    if (leaves) ended[leave_user] = 1'b1;
    if (finishes && !ends) ended[user_q] = 1'b1;
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
    .reserved_i    (reserved_d),
    .taken_o       (taken),
    .users_o       (slot_users),
    .admitted_o    (admitted),
    .refused_o     (refused)
  );

  // ---- whose token is next ----
  logic                  issues, from_prompt;
  logic [31:0]           served_q, chosen, position;
  logic [UserWidth-1:0]  user;
  logic [VocabWidth-1:0] next_id;

  always_comb begin
    known_d   = known_q;
    next_d    = next_q;
    answers_d = answers_q;
    ids_d     = ids_q;
    if (commits && has_id) begin
      known_d[slot_q]                            = 1'b1;
      answers_d[32*32'(slot_q) +: 32]            = answers_q[32*32'(slot_q) +: 32] + 32'd1;
      ids_d[VocabWidth*32'(slot_q) +: VocabWidth] = id;
    end
    for (int unsigned s = 0; s < Slots; s++) begin
      if (admitted[s]) begin
        known_d[s]            = 1'b0;
        next_d[32*s +: 32]    = '0;
        answers_d[32*s +: 32] = '0;
      end
    end
  end

  logic [UserWidth-1:0] owner;

  always_comb begin
    ready   = '0;
    decodes = '0;
    owner   = '0;
    for (int unsigned s = 0; s < Slots; s++) begin
      if (taken[s] && (!flies_q || commits)) begin
        owner      = slot_users[s*UserWidth +: UserWidth];
        decodes[s] = next_d[32*s +: 32] >= prompt_d[32*32'(owner) +: 32];
        ready[s]   = !left_d[owner] && next_d[32*s +: 32] < reserved_d[32*32'(owner) +: 32] &&
                     (decodes[s] ? known_d[s] : next_d[32*s +: 32] < arrived_d[32*32'(owner) +: 32]);
      end
    end
  end

  kiln_sequencer_turn #(.Slots(Slots), .Turn(Turn)) u_turn (
    .ready_i  (ready),
    .decodes_i(decodes),
    .served_i (served_q),
    .found_o  (issues),
    .slot_o   (chosen)
  );

  logic [VocabWidth-1:0] prompts_q [Users*MaxPrompt];

  always_ff @(posedge clk_i) begin
    if (arrives) begin
      prompts_q[32'(prompt_user)*MaxPrompt + arrived_q[32*32'(prompt_user) +: 32]] <= prompt_id_i;
    end
  end

  assign user        = slot_users[chosen*UserWidth +: UserWidth];
  assign position    = next_d[32*chosen +: 32];
  assign from_prompt = position < prompt_d[32*32'(user) +: 32];

  always_comb begin
    next_id = '0;
    if (issues) begin
      if (!from_prompt) next_id = ids_d[VocabWidth*chosen +: VocabWidth];
      else if (position == arrived_q[32*32'(user) +: 32]) next_id = prompt_id_i;  // arrives now
      else next_id = prompts_q[32'(user)*MaxPrompt + position];
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      prompt_q   <= '0;
      reserved_q <= '0;
      max_new_q  <= '0;
    end else if (requests) begin
      prompt_q   <= prompt_d;
      reserved_q <= reserved_d;
      max_new_q  <= max_new_d;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      arrived_q <= '0;
      left_q    <= '0;
      decided_q <= '0;
      gone_refused_o <= '0;
      gone_left_o    <= '0;
    end else begin
      if (arrives) arrived_q <= arrived_d;
      left_q    <= left_d;
      decided_q <= decided_d;
      gone_refused_o <= refused;
      gone_left_o    <= ended;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      known_q   <= '0;
      next_q    <= '0;
      answers_q <= '0;
      ids_q     <= '0;
    end else if (commits || issues || admitted != '0) begin
      known_q   <= known_d;
      next_q    <= next_d;
      answers_q <= answers_d;
      ids_q     <= ids_d;
      if (issues) begin
        known_q[SlotWidth'(chosen)]    <= 1'b0;
        next_q[32*chosen +: 32] <= position + 32'd1;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      flies_q       <= 1'b0;
      user_q        <= '0;
      slot_q        <= '0;
      served_q      <= Slots - 1;
      position_q    <= '0;
      with_logits_q <= 1'b0;
      sampling_q    <= '0;
    end else begin
      flies_q <= issues || (flies_q && !commits);
      if (issues) begin
        user_q        <= user;
        slot_q        <= SlotWidth'(chosen);
        served_q      <= chosen;
        position_q    <= position;
        with_logits_q <= position + 32'd1 >= prompt_d[32*32'(user) +: 32];
        sampling_q    <= (requests && request_user == user) ? sampling : samplings_q[user];
      end
    end
  end

  assign position_o                             = position_q;
  assign with_logits_o                          = with_logits_q;
  assign {greedy_o, factor_o, top_k_o, seed_o} = sampling_q;
  assign slot_o                                 = 16'(slot_q);

  logic                  issued, unused_empty;
  logic [VocabWidth-1:0] issued_id;

  kiln_latency #(.Cycles(IssueCycles), .Width(VocabWidth)) u_issue (
    .clk_i,
    .rst_ni,
    .valid_i(issues),
    .data_i (next_id),
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
    .data_o (embedding_data_o),
    .empty_o(unused_empty)
  );

endmodule
