namespace FopWatch.Api;

/// <summary>What a request costs a host, which decides how many there may be at once.</summary>
public enum RequestKind
{
    /// <summary>Any call that has no kind of its own.</summary>
    Call,

    /// <summary>A call that waits for something: an event stream, or the answer of a status API. It costs memory and nothing else.</summary>
    Waiting,

    /// <summary>A call that waits if its query has <c>wait</c>.</summary>
    CallOrWaiting,

    /// <summary>A list or a search. Its handler waits for a turn: <see cref="Admission.ListTurnAsync"/>.</summary>
    List,

    /// <summary>A notification. Its handler asks for a place once the body has arrived: <see cref="Admission.EnterNotification"/>.</summary>
    Notification,

    /// <summary>A registration. Its handler asks for a place once the body has arrived; it is a <see cref="Call"/> then.</summary>
    Registration,

    /// <summary>Always admitted: under load above all, somebody wants to know how the host is.</summary>
    Health,
}
