using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary>A request made with a key in the full-screen <c>watch</c>.</summary>
/// <param name="Kind">The kind of request.</param>
/// <param name="Source">The source of the selected job; empty for a request about no job.</param>
/// <param name="Id">The id of the job.</param>
internal sealed record WatchRequest(WatchRequestKind Kind, string Source = "", string Id = "");

internal enum WatchRequestKind
{
    Quit,
    Poll,
    Republish,
    Show,
}

/// <summary>The events of the full-screen <c>watch</c>, with the filter, the selection and the keys.</summary>
internal sealed class WatchList
{
    /// <summary>The most events that are kept.</summary>
    public const int Kept = 1000;

    private readonly List<JobEvent> _events = [];
    private JobEvent? _selected;
    private bool _isTyping;
    private string _filterBefore = "";

    /// <summary>The events that pass the filter, the newest last.</summary>
    public IReadOnlyList<JobEvent> Visible => Filter.Length == 0 ? _events : _events.FindAll(Passes);

    public int Count => _events.Count;

    /// <summary>The text that an event must contain; empty for no filter.</summary>
    public string Filter { get; private set; } = "";

    /// <summary>Whether the selection stays at the newest event.</summary>
    public bool Follows { get; private set; } = true;

    /// <summary>Whether the details of the selected job are shown.</summary>
    public bool ShowsDetails { get; private set; }

    /// <summary>The job whose details are shown; null until they arrive.</summary>
    public WatchedJob? Details { get; private set; }

    /// <summary>The job to republish after a confirmation; null if none is pending.</summary>
    public JobEvent? Asked { get; private set; }

    /// <summary>The message in the last line; null to show the keys.</summary>
    public string? Said { get; set; }

    /// <summary>The filter while it is typed; null otherwise.</summary>
    public string? Typed => _isTyping ? Filter : null;

    /// <summary>The index of the selected event among the visible ones; -1 for none.</summary>
    public int SelectedIndex => Visible is { Count: > 0 } visible ? IndexOfSelected(visible) : -1;

    /// <summary>Adds an event. Above <see cref="Kept"/> events, the oldest is removed.</summary>
    public void Add(JobEvent happened)
    {
        _events.Add(happened);
        if (_events.Count > Kept)
            _events.RemoveAt(0);
    }

    /// <summary>Shows the details of a job, if they are still wanted.</summary>
    public void Show(WatchedJob job)
    {
        if (ShowsDetails && Selected?.Data is { } data && data.Source == job.Source && data.Id == job.Id)
            Details = job;
    }

    /// <summary>Handles a key.</summary>
    /// <returns>The request for the caller; null for none.</returns>
    public WatchRequest? Press(ConsoleKeyInfo key)
    {
        if (_isTyping)
            return Type(key);
        if (Asked is { } asked)
        {
            Asked = null;
            return key.KeyChar is 'y' or 'Y' ? Of(WatchRequestKind.Republish, asked) : null;
        }

        Said = null;
        return (key.Key, key.KeyChar) switch
        {
            (_, 'q') => new(WatchRequestKind.Quit),
            (ConsoleKey.UpArrow, _) or (_, 'k') => Move(-1),
            (ConsoleKey.DownArrow, _) or (_, 'j') => Move(1),
            (ConsoleKey.PageUp, _) => Move(-10),
            (ConsoleKey.PageDown, _) => Move(10),
            (ConsoleKey.Home, _) or (_, 'g') => Move(-Kept),
            (ConsoleKey.End, _) or (_, 'G') => Move(Kept),
            (ConsoleKey.Enter, _) or (_, 'd') => Toggle(),
            (ConsoleKey.Escape, _) => Close(),
            (_, '/') => BeginFilter(),
            (_, 'p') => Selected is { } polled ? Of(WatchRequestKind.Poll, polled) : null,
            (_, 'r') => Ask(),
            _ => null,
        };
    }

    private JobEvent? Selected => SelectedIndex is >= 0 and var index ? Visible[index] : null;

    private int IndexOfSelected(IReadOnlyList<JobEvent> visible)
    {
        if (Follows || _selected is null)
            return visible.Count - 1;
        for (var index = 0; index < visible.Count; index++)
        {
            if (ReferenceEquals(visible[index], _selected))
                return index;
        }

        // It was removed for newer ones, or the filter hides it.
        return 0;
    }

    private static WatchRequest Of(WatchRequestKind kind, JobEvent happened) => new(kind, happened.Data.Source, happened.Data.Id);

    private WatchRequest? Move(int by)
    {
        if (Visible is not { Count: > 0 } visible)
            return null;
        var index = Math.Clamp(IndexOfSelected(visible) + by, 0, visible.Count - 1);
        (_selected, Follows) = (visible[index], index == visible.Count - 1 && by > 0);
        return Reload();
    }

    private WatchRequest? Toggle()
    {
        ShowsDetails = !ShowsDetails && Selected is not null;

        // The selected row keeps its place.
        if (ShowsDetails)
            (_selected, Follows) = (Selected, false);
        return Reload();
    }

    private WatchRequest? Close()
    {
        (ShowsDetails, Details, Filter) = (false, null, ShowsDetails ? Filter : "");
        return null;
    }

    private WatchRequest? Reload()
    {
        Details = null;
        return ShowsDetails && Selected is { } selected ? Of(WatchRequestKind.Show, selected) : null;
    }

    private WatchRequest? Ask()
    {
        Asked = Selected;
        return null;
    }

    private WatchRequest? BeginFilter()
    {
        (_isTyping, _filterBefore) = (true, Filter);
        return null;
    }

    private WatchRequest? Type(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                _isTyping = false;
                return Reload();
            case ConsoleKey.Escape:
                (_isTyping, Filter) = (false, _filterBefore);
                return null;
            case ConsoleKey.Backspace:
                Filter = Filter.Length == 0 ? "" : Filter[..^1];
                return null;
            default:
                if (!char.IsControl(key.KeyChar) && Filter.Length < 200)
                    Filter += key.KeyChar;
                return null;
        }
    }

    private bool Passes(JobEvent happened)
    {
        var job = happened.Data;
        return new[] { job.Source, job.Id, WireNames.Of(job.State), job.Bucket, job.Key, TrackedJobs.ErrorOf(job) }
            .Concat(job.Items.Select(item => item.Error))
            .Concat(job.Metadata?.Values ?? [])
            .Any(text => text?.Contains(Filter, StringComparison.OrdinalIgnoreCase) == true);
    }
}
