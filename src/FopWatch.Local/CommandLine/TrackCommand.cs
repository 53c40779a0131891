using System.CommandLine;
using System.Globalization;
using System.Text;
using FopWatch.Client;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Settings;
using Spectre.Console;

namespace FopWatch.Local.CommandLine;

/// <summary><c>track</c>: registers jobs with a running host and, with <c>--wait</c>, waits for their outcomes.</summary>
internal static class TrackCommand
{
    /// <summary>The most lines of one kind in a terminal. A file gets all lines.</summary>
    private const int MaxShown = 50;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    private static readonly string More = $"""
        Examples:
          $ fopwatch track media z0.560e99c37823de5a49c22393
          $ fopwatch track media z0.560e99c37823de5a49c22393 --wait --metadata lesson=42 --metadata course=7
          $ fopwatch track media --file ids.txt --wait --timeout 2h
          $ submit-jobs | fopwatch track media --file - --wait > outcomes.txt

        With --wait, the outcome of every id is written to standard output. A terminal shows the first 50, failures first. Progress is
        written to standard error.

        Exit codes:
          0    registered; with --wait: all succeeded
          1    with --wait: all settled, but some did not succeed
          2    wrong usage, an unknown source, or the host refused ids; it says how many were registered before
          3    the host cannot be reached
          4    with --wait: timed out with open jobs; the host keeps watching them
          5    the output cannot be written
          130  Ctrl-C; the host keeps watching what was registered
        """;

    public static Command Create(Terminal terminal)
    {
        var source = new Argument<string>("SOURCE") { Description = "The name of the source, which is a configured account at a provider." };
        var ids = new Argument<string[]>("ID") { Description = "The persistentIds of the jobs.", Arity = ArgumentArity.ZeroOrMore };
        var file = new Option<string?>("--file")
        {
            Description = "A file with one id per line; - for standard input. Blank lines and lines that begin with # are skipped.",
            HelpName = "FILE",
        };
        var wait = new Option<bool>("--wait") { Description = "Wait until every job is settled, then show the outcomes." };
        var metadata = new Option<string[]>("--metadata")
        {
            Description = "Metadata for every event about the jobs, up to 4 KB. Can be repeated.",
            HelpName = "NAME=VALUE",
        };
        var timeout = new Option<TimeSpan>("--timeout")
        {
            Description = "With --wait: how long to wait, such as 90s, 5m or 02:00:00. 0 waits without a limit.",
            HelpName = "TIME",
            DefaultValueFactory = _ => DefaultTimeout,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (WrittenTime.TryParseOrSeconds(text, TimeSpan.Zero, Longest, out var time))
                    return time;

                result.AddError($"--timeout: '{text}' is not {WrittenTime.Expected(TimeSpan.Zero, Longest)}.");
                return default;
            },
        };
        var command = new ExplainedCommand("track", "Registers jobs with a running host. With --wait, shows how each ended.", More)
        {
            source,
            ids,
            file,
            wait,
            metadata,
            timeout,
        };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var wanted = await ReadIdsAsync(terminal, result.GetValue(source)!, result.GetValue(ids) ?? [], result.GetValue(file), cancellationToken);
            var given = NamedValues.Read("--metadata", result.GetValue(metadata) ?? []);
            using var client = host.Connect(result, terminal);
            var tracking = new JobTracking(client, result.GetValue(source)!, wanted, given);
            try
            {
                return result.GetValue(wait)
                    ? await WaitAsync(terminal, tracking, result.GetValue(timeout), cancellationToken)
                    : await RegisterAsync(terminal, client, tracking, cancellationToken);
            }
            catch (RegistrationRefusedException e)
            {
                ShowRefusal(terminal, e.Refused, tracking);
                return ExitCodes.Refused;
            }
            catch (FopWatchUnreachableException e)
            {
                terminal.WriteErrorLine(new Piece($"Not reached: {e.Message}", Terminal.Wrong));
                if (tracking.Registered is > 0 and var some && some < wanted.Count)
                    terminal.WriteErrorLine($"{Number(some)} of {Number(wanted.Count)} were registered. Registering all of them again is safe.");
                return ExitCodes.Unreachable;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                terminal.WriteErrorLine($"{Number(tracking.Registered)} registered, {Number(tracking.Jobs.Settled)} settled. The host keeps watching.");
                return ExitCodes.Interrupted;
            }
        }));
        return command;
    }

    private static async Task<int> RegisterAsync(Terminal terminal, FopWatchClient client, JobTracking tracking, CancellationToken cancellationToken)
    {
        await tracking.RegisterAsync(Show, cancellationToken);
        return ExitCodes.Ok;

        void Show(IReadOnlyList<RegisteredJob> jobs)
        {
            foreach (var job in jobs)
                terminal.WriteLine(client.UrlOf(job.Source, job.Id).AbsoluteUri, "  ", Terminal.State(job.State));
        }
    }

    private static async Task<int> WaitAsync(Terminal terminal, JobTracking tracking, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var timeUp = new CancellationTokenSource(timeout > TimeSpan.Zero ? timeout : Timeout.InfiniteTimeSpan, terminal.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeUp.Token, cancellationToken);
        var settling = tracking.SettleAsync(Registered, either.Token);
        try
        {
            if (terminal.IsLive)
                await ShowProgressAsync(terminal, tracking, settling);
            else
                await WriteProgressAsync(terminal, tracking, settling);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The host may know more than its stream has delivered.
            await tracking.CheckAsync(terminal.Time, cancellationToken);
        }

        ShowOutcome(terminal, tracking.Jobs);
        if (tracking.Jobs.AllSettled.IsCompleted)
            return tracking.Jobs.All.All(job => job.State == JobState.Succeeded) ? ExitCodes.Ok : ExitCodes.Failed;

        if (tracking.Trouble is { } trouble)
            terminal.WriteErrorLine(new Piece($"The connection to the host was lost: {trouble}.", Terminal.Wrong));
        var open = tracking.Jobs.Total - tracking.Jobs.Settled;
        terminal.WriteErrorLine(new Piece($"Time is up: {Number(open)} open after {timeout:c}. The host keeps watching.", Terminal.Wrong));
        return ExitCodes.TimedOut;

        void Registered()
        {
            if (!terminal.IsLive)
                terminal.WriteErrorLine($"{Number(tracking.Jobs.Total)} registered, waiting.");
        }
    }

    private static Task ShowProgressAsync(Terminal terminal, JobTracking tracking, Task settling) => terminal.Console
        .Progress()
        .AutoClear(true)
        .Columns(
            new SpinnerColumn(),
            new ProgressBarColumn(),
            new PercentageColumn(),
            new ElapsedTimeColumn(),
            new TaskDescriptionColumn { Alignment = Justify.Left })
        .StartAsync(async progress =>
        {
            var task = progress.AddTask("registering", maxValue: tracking.Jobs.Total);
            while (!settling.IsCompleted)
            {
                await Task.WhenAny(settling, Task.Delay(RedrawEvery, terminal.Time));
                task.Value = tracking.Jobs.Settled;
                task.Description = Description(tracking);
            }

            await settling;
        });

    /// <summary>The only text with markup. It holds nothing but numbers and the names of states.</summary>
    private static string Description(JobTracking tracking)
    {
        var description = new StringBuilder();
        if (tracking.Registered < tracking.Jobs.Total)
            description.Append(CultureInfo.InvariantCulture, $"{tracking.Registered}/{tracking.Jobs.Total} registered ");
        foreach (var (state, jobs) in tracking.Jobs.Counts)
            description.Append(CultureInfo.InvariantCulture, $"[{Terminal.ColorOf(state).ToMarkup()}]{jobs} {WireNames.Of(state)}[/] ");
        if (tracking.Trouble is not null)
            description.Append("[dim]waiting for the host[/]");
        return description.ToString();
    }

    private static async Task WriteProgressAsync(Terminal terminal, JobTracking tracking, Task settling)
    {
        var (settled, trouble) = (0, tracking.Trouble);
        while (!settling.IsCompleted)
        {
            await Task.WhenAny(settling, Task.Delay(LineEvery, terminal.Time));
            if (settling.IsCompleted)
                break;
            if (settled != tracking.Jobs.Settled)
            {
                settled = tracking.Jobs.Settled;
                terminal.WriteErrorLine($"{Number(settled)} of {Number(tracking.Jobs.Total)} settled.");
            }

            if (trouble != tracking.Trouble)
            {
                trouble = tracking.Trouble;
                terminal.WriteErrorLine(trouble is null ? "The host can be reached again." : $"Waiting for the host: {trouble}.");
            }
        }

        await settling;
    }

    private static void ShowOutcome(Terminal terminal, TrackedJobs jobs)
    {
        var all = jobs.All
            .OrderBy(job => job.State == JobState.Succeeded)
            .ThenByDescending(job => job.IsSettled)
            .ThenBy(job => job.State)
            .ThenBy(job => job.Id, StringComparer.Ordinal)
            .ToList();
        var shown = terminal.IsLive ? Math.Min(all.Count, MaxShown) : all.Count;
        var table = new TextTable(terminal, "id", "state", "error");
        foreach (var job in all.Take(shown))
            table.Add(job.Id, Terminal.State(job.State), job.Error ?? "");
        table.Write();
        if (shown < all.Count)
            terminal.WriteText(new Piece($"… and {Number(all.Count - shown)} more. Redirect the output to see all of them.", Terminal.Dim));
        terminal.WriteLine();

        var counts = new TextTable(terminal, "state", "jobs") { HasNumbers = true };
        foreach (var (state, count) in jobs.Counts)
            counts.Add(Terminal.State(state), Number(count));
        counts.Add(new("total", Terminal.Bold), new(Number(jobs.Total), Terminal.Bold));
        counts.Write();
    }

    private static void ShowRefusal(Terminal terminal, IReadOnlyList<RegistrationResult> refused, JobTracking tracking)
    {
        var before = tracking.Registered == 0
            ? "Nothing was registered."
            : $"{Number(tracking.Registered)} of {Number(tracking.Jobs.Total)} were registered.";

        // One error of the command, not one per id.
        if (refused.Count > 0 && refused.All(one => one.Errors is [{ Element: "/source" }]))
        {
            var detail = refused[0].Errors[0].Detail;
            terminal.WriteErrorLine(new Piece($"{(detail.StartsWith("'source' ", StringComparison.Ordinal) ? $"SOURCE {detail[9..]}" : detail)} {before}", Terminal.Wrong));
            return;
        }

        terminal.WriteErrorLine(new Piece($"Refused: {Number(refused.Count)} {(refused.Count == 1 ? "registration" : "registrations")}. {before}", Terminal.Wrong));
        foreach (var one in refused.Take(MaxShown))
        {
            foreach (var error in one.Errors)
                terminal.WriteErrorLine("  ", one.Registration.Id, ": ", error.Detail, new Piece(error.Element.Length == 0 ? "" : $" ({error.Element})", Terminal.Dim));
        }

        if (refused.Count > MaxShown)
            terminal.WriteErrorLine($"  … and {Number(refused.Count - MaxShown)} more.");
    }

    private static async Task<IReadOnlyList<string>> ReadIdsAsync(
        Terminal terminal,
        string source,
        string[] given,
        string? file,
        CancellationToken cancellationToken)
    {
        if (given.Contains("-", StringComparer.Ordinal))
            throw new UsageException("'-' is not an id. Give --file - to read ids from standard input.");

        var ids = new List<(string Id, string Where)>(given.Select(id => (id, "")));
        if (file is not null)
        {
            using var lines = new StringReader(await InputFile.ReadTextAsync(terminal, file, cancellationToken));
            for (var number = 1; await lines.ReadLineAsync(cancellationToken) is { } line; number++)
            {
                line = line.Trim();
                if (line.Length > 0 && line[0] != '#')
                    ids.Add((line, $"line {Number(number)}: "));
            }
        }

        if (ids.Count == 0)
            throw new UsageException(WrongUsage.SlashOf(source) ?? "ID is missing. Give ids, or --file with ids in it.");

        var malformed = ids
            .Where(id => !JobKey.IsValidId(id.Id))
            .Select(id => $"  {id.Where}'{TextCut.Of(DisplayText.Clean(id.Id), 160)}'")
            .ToList();
        if (malformed.Count > 0)
        {
            IEnumerable<string> more = malformed.Count > MaxShown ? [$"  … and {Number(malformed.Count - MaxShown)} more"] : [];
            throw new UsageException($"Nothing was sent. An id is {JobKey.IdRule}; {Number(malformed.Count)} of {Number(ids.Count)} {(malformed.Count == 1 ? "is" : "are")} not:")
            {
                Details = [.. malformed.Take(MaxShown), .. more],
            };
        }

        return [.. ids.Select(id => id.Id).Distinct(StringComparer.Ordinal)];
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
