namespace FopWatch.Api;

/// <summary>The kind of a request by its cost. It selects the limit of concurrent requests.</summary>
public enum RequestKind
{
    /// <summary>Any other call.</summary>
    Call,

    /// <summary>A call that waits, for example for events or for a status API. It costs only memory.</summary>
    Waiting,

    /// <summary>A call that waits if its query has <c>wait</c>.</summary>
    CallOrWaiting,

    /// <summary>A list or a search. Its handler waits for a turn: <see cref="Admission.ListTurnAsync"/>.</summary>
    List,

    /// <summary>A notification. Its handler takes a place once the body has arrived: <see cref="Admission.EnterNotification"/>.</summary>
    Notification,

    /// <summary>A registration. Its handler takes the place of a <see cref="Call"/> once the body has arrived.</summary>
    Registration,

    /// <summary>A health check. Always admitted, because it matters most under load.</summary>
    Health,
}
