// The one list of commands: the program, the build script and the TypeScript types all read it.
// Each line is `group::name(Args) -> Answer`; the capability in `capabilities/main.json` permits each by name.
commands! {
    /// What the window needs to draw its first picture.
    view::open_view(Nothing) -> AppView;
    /// Sends the timeline from one event on, and goes on as it grows. Ends the watch before it.
    view::watch_timeline(WatchTimeline) -> Nothing;
    /// Goes on in another environment of the workspace. Sessions there have tokens of their own.
    view::choose_environment(ChooseEnvironment) -> WorkspaceView;
    /// Keeps theme and pane sizes; answers what is kept.
    view::save_settings(Settings) -> Settings;

    /// Counts what a filter finds. A filter that cannot be read is a failure that names the word and its place.
    timeline::count_matches(Filtered) -> Matches;
    /// How dense a stretch of the timeline is, in columns.
    timeline::read_overview(OverviewOf) -> Overview;
    /// The causal groups of a stretch, with their events; or that there are too many.
    timeline::read_window(WindowOf) -> Excerpt;
    /// A page of the story, from its end or from a place.
    timeline::read_story(StoryOf) -> Excerpt;
    /// A page of the log.
    timeline::read_log(LogOf) -> LogPage;
    /// The next causal group that a filter finds. Null: it finds none.
    timeline::find_match(MatchOf) -> Option<Found>;
    /// What the user marked in the timeline of this workspace, and the filters that were saved.
    bookmarks::read_bookmarks(Nothing) -> Bookmarks;
    /// Keeps that.
    bookmarks::keep_bookmarks(Bookmarks) -> Nothing;
    /// Writes a part of the timeline to a file that the user names in a dialog. It holds no secret.
    evidence::save_evidence(SaveEvidence) -> SavedEvidence;

    /// Sends one request. It is answered when it was accepted; the timeline tells the rest.
    request::send_request(Draft) -> Accepted;
    /// Lets the user choose a file to send, in a dialog of the system. Null: none was chosen.
    request::pick_file(Nothing) -> Option<PickedFile>;
    /// Fills an address with the workspace's variables, to be looked at. Secrets are hidden in it.
    request::fill_address(Address) -> Address;
    /// Reads a pasted line of cURL as a draft, with what of it was left out.
    request::read_curl(CurlLine) -> FromCurl;
    /// Stops a send that is under way.
    request::stop_request(OfRequest) -> Accepted;
    /// The answer to a send. Null: not there yet, or forgotten.
    request::read_response(OfRequest) -> Option<ResponseDetails>;
    /// What the API says of itself that refused a send: which servers give tokens for it. No token goes along.
    request::read_resource_metadata(OfSend) -> ProtectedResource;
    /// Why a send ended as it did. Null: the timeline does not know it.
    request::explain_request(OfSend) -> Option<Explanation>;

    /// Asks another HTTP client what a send of this run asked, and compares the answers.
    second_opinion::ask_second_opinion(AskOpinion) -> SecondOpinion;
    /// A request as code of another language. Its token is not in it.
    code::write_code(CodeOf) -> WrittenCode;
    /// Puts a request as code into the clipboard.
    code::copy_code(CodeOf) -> Nothing;

    /// Lets the user choose a file or a folder to import, and reads it. Null: none was chosen.
    import::pick_import(PickImport) -> Option<ImportPreview>;
    /// Waits for what is dropped on the window, and reads it. Null: another call waits since.
    import::take_drop(Nothing) -> Option<ImportPreview>;
    /// Reads a text that was pasted, to be imported.
    import::read_import(ImportText) -> ImportPreview;
    /// Plans what was read anew, with other choices.
    import::plan_import(ImportChoices) -> ImportPreview;
    /// How far the reading of an import is.
    import::import_progress(Nothing) -> ImportProgress;
    /// Ends an import where it stands.
    import::stop_import(Nothing) -> Nothing;
    /// Writes what was read into the workspace, all of it or nothing.
    import::write_import(ImportChoices) -> ImportDone;

    /// A part of the body of an answer.
    body::read_body(BodyWindowOf) -> BodyWindow;
    /// Where a text is in the body of an answer.
    body::find_in_body(FindInBody) -> FoundInBody;
    /// How much of an answer is here by now.
    body::watch_body(OfRequest) -> BodyProgress;
    /// Writes the body of an answer to a file that the user names in a dialog.
    body::save_body(OfRequest) -> SavedBody;

    /// Sends of the past that have some words, a page of them.
    history::read_history(HistoryOf) -> HistoryPage;
    /// What was written for a send of the past, without its secrets. Null: it is not remembered.
    history::read_sent(SendKey) -> Option<SentDraft>;
    /// Lets a send stay when older ones go.
    history::pin_sent(PinSent) -> Nothing;
    /// Forgets one send, or all of this workspace, and looks whether they are gone.
    history::forget_sent(ForgetSent) -> Forgotten;

    /// The saved requests, and what of the workspace could not be read.
    saved::list_requests(Nothing) -> SavedRequests;
    /// A saved request, as its file is now.
    saved::read_request_file(OfSaved) -> SavedRequest;
    /// Writes a saved request's file, where it still is what was read.
    saved::save_request(SavedRequest) -> SavedRequest;
    /// Writes a request into a new file; for a workspace in memory, into a folder that the user chooses.
    saved::create_request(NewRequest) -> Created;
    /// Gives a saved request another name or collection.
    saved::move_request(MoveRequest) -> SavedRequest;
    /// Removes a saved request's file.
    saved::delete_request(DeleteRequest) -> Nothing;

    /// The requests that were open in this workspace.
    tabs::read_tabs(Nothing) -> OpenTabs;
    /// Keeps what is written in one tab.
    tabs::keep_tab(KeptTab) -> Nothing;
    /// Keeps which tabs there are, and their order.
    tabs::arrange_tabs(ArrangeTabs) -> Nothing;

    /// All sessions, as they stand.
    session::list_sessions(Nothing) -> Vec<SessionSnapshot>;
    /// Signs a session in with what the user typed.
    session::sign_in(SignIn) -> Newest;
    /// Lets the user choose the file of a key or a certificate to sign in with. Null: none was chosen.
    session::pick_key_file(Nothing) -> Option<KeyFile>;
    /// Brings a sign-in the address that the browser ended at.
    session::bring_sign_in_back(CameBack) -> Nothing;
    /// Stops waiting for the browser; the session is as it was.
    session::stop_sign_in(OfSession) -> Nothing;
    /// Copies the address at which the user signs in, to open it elsewhere.
    session::copy_sign_in_link(OfSession) -> Nothing;
    /// Opens the address at which the user signs in, in the browser of this machine.
    session::open_sign_in_link(OfSession) -> Nothing;
    /// The code that the user types on another device. Null: no sign-in waits for one.
    session::read_user_code(OfSession) -> Option<UserCode>;
    /// Sends the browser to where the user signs out of the server itself.
    session::end_session(OfSession) -> Nothing;
    /// Forgets a session's tokens.
    session::sign_out(OfSession) -> Newest;
    /// Refreshes a session's token, now.
    session::refresh_now(OfSession) -> Newest;
    /// What is known of a session's token: never the token itself.
    session::read_token(OfSession) -> Option<TokenDetails>;
    /// What was said to the server or by it in an event of a sign-in or a refresh, masked. Null: nothing, or it is forgotten.
    session::read_message(OfEvent) -> Option<String>;
    /// Why a session needs a new sign-in, or that it does not.
    session::explain_sign_out(OfSession) -> Explanation;

    /// What was learned of the server that a session refreshes at, with the events that prove it.
    habits::read_profile(OfSession) -> Known;
    /// Says whether that server forgives a refresh token that comes twice.
    habits::choose_replay(ReplayOf) -> Known;
    /// Forgets what was learned of that server; what was chosen for it stays.
    habits::forget_profile(OfSession) -> Known;

    /// What is known of providers, to begin a session with.
    editor::list_presets(Nothing) -> Vec<Preset>;
    /// What an issuer says of itself.
    editor::discover(Issuer) -> Metadata;
    /// What a session's file says.
    editor::read_session_file(OfSession) -> StoredSession;
    /// Writes a session's file, after the user has allowed what it is to use.
    editor::save_session(SaveSession) -> Decided;
    /// Signs a session out, and removes its file.
    editor::delete_session(DeleteSession) -> Decided;
    /// Asks the user whether a session may use what its file names now.
    editor::approve_binding(OfSession) -> Decided;

    /// Every generation of a session's sign-in that is remembered: what it said, never the token itself.
    token::read_lineage(OfSession) -> Vec<LineageStep>;
    /// Whether a session's token is what its issuer signed. Asks the issuer for its keys where that is needed.
    token::check_signature(OfSession) -> SignatureState;
    /// Asks the server what a session's token is worth.
    token::introspect_token(OfToken) -> ServerAnswer;
    /// Asks the server who the user of a session is.
    token::read_userinfo(OfSession) -> ServerAnswer;
    /// What a pasted token says. It is kept nowhere.
    token::inspect_token(Pasted) -> Inspected;
    /// Shows a token in a dialog outside the window, if the user says yes there.
    token::reveal_token(OfToken) -> Newest;
    /// Puts a token into the clipboard for a short time. The refresh token after a question outside the window.
    token::copy_token(OfToken) -> Newest;

    /// Whether other tools may have a session's token, by `sandglass token`.
    token::read_portable(OfSession) -> Portable;
    /// Allows other tools a session's token, after a question outside the window; or no longer.
    token::make_portable(MakePortable) -> Portable;

    /// Lets something go wrong for a session, on purpose.
    fault::arm_fault(ArmFault) -> Vec<SessionSnapshot>;
    /// Ends a fault.
    fault::clear_fault(ClearFault) -> Vec<SessionSnapshot>;

    /// Keeps tokens in memory only from now on, or in the system keychain again.
    store::choose_store(ChooseStore) -> Vec<SessionSnapshot>;
    /// Asks the system keychain again whether it can be used.
    store::retry_store(Nothing) -> KeychainView;

    /// Signs in with the embedded demo's own user.
    demo::sign_in_demo(OfSession) -> Newest;
    /// Runs the tour, in the embedded demo only.
    demo::start_tour(Nothing) -> Newest;
    /// Ends the tour where it stands.
    demo::stop_tour(Nothing) -> Nothing;
    /// Lets the embedded demo play a thief who uses a spent refresh token.
    demo::steal_refresh_token(Nothing) -> Newest;
}
