using FopWatch.Simulator;

namespace FopWatch.Local.Demo;

/// <summary>Names the faults of a simulated job in a few words.</summary>
internal static class Faults
{
    public static string Of(SimulatedJob job)
    {
        var faults = job.Faults;
        if (job.Unobtainable)
            return "id never known";
        if (faults.StatusAlways is { } always)
            return $"status API down ({Name(always)})";

        var names = new List<string>();
        Add(faults.Lost, "notification lost");
        Add(faults.NotificationFails, "notification undeliverable");
        Add(faults.Doubled, "notification doubled");
        Add(faults.Late > TimeSpan.Zero, "notification late");
        Add(faults.Reordered, "notifications reordered");
        Add(faults.Forged != Forgery.None, $"forged ({Name(faults.Forged)})");
        Add(faults.UndecodableFirst, "undecodable body");
        Add(faults.CutFirst, "connection cut in mid-body");
        Add(faults.Status.Count > 0, $"status API: {string.Join(", ", faults.Status.Distinct().Select(answer => Name(answer)))}");
        return names.Count == 0 ? "nothing" : string.Join(" + ", names);

        void Add(bool applies, string name)
        {
            if (applies)
                names.Add(name);
        }
    }

    private static string Name(Forgery forgery) => forgery switch
    {
        Forgery.WrongSignature => "wrong signature",
        Forgery.UnknownKey => "unknown key",
        _ => "no signature",
    };

    private static string Name(StatusAnswer answer) => answer switch
    {
        StatusAnswer.NotFound => "612/404",
        StatusAnswer.Throttled => "573/429",
        StatusAnswer.Failed599 => "599/503",
        StatusAnswer.Failed500 => "500",
        StatusAnswer.Hang => "time-out",
        StatusAnswer.Truncated => "cut",
        StatusAnswer.HalfBody => "half a body",
        StatusAnswer.WrongContentType => "wrong type",
        StatusAnswer.HtmlPage => "a web page",
        StatusAnswer.Redirect => "redirect elsewhere",
        _ => answer.ToString().ToLowerInvariant(),
    };
}
