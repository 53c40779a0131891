using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Local.Hosting;
using FopWatch.Providers;
using Spectre.Console;

namespace FopWatch.Local.CommandLine;

/// <summary><c>decode</c>: shows how FopWatch understands a captured body, and how far it would believe it.</summary>
internal static class DecodeCommand
{
    private const int MaxItems = 50;
    private const int MaxOutputs = 3;

    private const string More = """
        Examples:
          $ fopwatch decode body.json
          $ fopwatch decode answer.json --channel poll --provider qiniu
          $ curl -sf http://127.0.0.1:7071/api/quarantine/KEY/body | fopwatch decode -
          $ fopwatch decode body.txt --config fopwatch.json --source media --url https://hooks.example.com/api/notify/media/TOKEN --authorization 'Qiniu AK:SIGNATURE' --content-type application/json

        A wrong signature is tried for other hosts, paths, queries and content types, and the output says which one it is right
        for. --header 'Host: …', 'X-Forwarded-Host: …' and 'Forwarded: host=…' add hosts to try.

        Nothing is sent, stored or settled; secrets in commands stay redacted.

        Exit codes:
          0  understood
          1  FopWatch would put it into quarantine (not understood, a wrong signature, or about a bucket or pipeline that --source
             does not list), not record it (such a poll answer), or answer 404 (no right token in --url)
          2  wrong usage
          5  the output cannot be written
        """;

    private static readonly JsonSerializerOptions Readable = new(DecodeJson.Default.Options)
    {
        // Keys in other scripts are to be read; what a terminal would obey is spelt out afterwards.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "A file with the body, byte for byte; - for the standard input." };
        var provider = new Option<ProviderKind?>("--provider")
        {
            Description = "Whose body it is (default: that of the source, or else all are tried).",
            HelpName = "qiniu|wangsuFmgr|wangsuFops",
            CustomParser = result => Choice<ProviderKind>(result, "--provider"),
        };
        var channel = new Option<ReportChannel?>("--channel")
        {
            Description = "Whether it is a notification or the answer of a status API; the same number means different things in each. "
                + "Default: notification.",
            HelpName = "notification|poll",
            CustomParser = result => Choice<ReportChannel>(result, "--channel"),
        };
        var json = new Option<bool>("--json") { Description = "Print JSON: the job as events carry it, and what the body means." };
        var config = PlaceOptions.Config();
        var source = new Option<string?>("--source") { Description = "A source in the settings: its provider, keys and trust count.", HelpName = "NAME" };
        var url = new Option<string?>("--url")
        {
            Description = "The whole notify URL as the provider was given it, which the signature covers. It is not shown.",
            HelpName = "URL",
        };
        var authorization = new Option<string?>("--authorization") { Description = "The Authorization header that came with it.", HelpName = "VALUE" };
        var contentType = new Option<string?>("--content-type") { Description = "The Content-Type header that came with it.", HelpName = "VALUE" };
        var headers = new Option<string[]>("--header")
        {
            Description = "A header that came with it, such as Authorization, Content-Type, X-Qiniu-*, Host, X-Forwarded-Host or Forwarded; may be repeated. Others are ignored.",
            HelpName = "'NAME: VALUE'",
        };
        var command = new ExplainedCommand(
            "decode",
            "Shows how a captured notification or poll answer is understood, and whether its signature is right.",
            More)
        {
            file, provider, channel, json, config, source, url, authorization, contentType, headers,
        };
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var (way, named, kind) = (result.GetValue(channel) ?? ReportChannel.Notification, result.GetValue(source), result.GetValue(provider));
            var found = named is null ? null : FindSource(result.GetValue(config), named);
            if (kind is not null && found is not null && kind != found.Provider.Kind)
                throw new UsageException($"--provider: the source '{named}' is of {WireNames.Of(found.Provider.Kind)}.");

            var signed = ReadHeaders(result.GetValue(headers) ?? []);
            signed = signed with
            {
                Authorization = result.GetValue(authorization) ?? signed.Authorization,
                ContentType = result.GetValue(contentType) ?? signed.ContentType,
            };
            var to = ReadUrl(result.GetValue(url));
            if (signed.Authorization is not null && (found is null || to is null))
                throw new UsageException("To check the authorization, --source (with its keys in the settings) and --url are needed.");
            if (signed.Authorization is not null && way == ReportChannel.Poll)
                throw new UsageException("A poll answer has no authorization: it was asked for.");

            var body = await InputFile.ReadAsync(terminal, result.GetValue(file)!, cancellationToken);
            var request = way == ReportChannel.Notification && to is not null ? signed with { Url = to, Body = body } : null;
            IEnumerable<IProvider> providers = (found?.Provider, kind) switch
            {
                ({ } configured, _) => [configured],
                (_, { } known) => [ProviderKinds.For(known)],
                _ => Enum.GetValues<ProviderKind>().Select(ProviderKinds.For),
            };
            var now = terminal.Time.GetUtcNow();
            var readings = providers.Select(one => BodyInterpretation.Of(one, way, body, found, request, now)).ToList();
            if (result.GetValue(json))
                WriteJson(terminal, new(way, body.Length, readings));
            else
                WriteText(terminal, way, readings);
            var accepted = readings.Any(reading => reading is { Job: not null, UrlProblem: null, OutOfScope: null, Becomes: not NotificationResult.Quarantined });
            return accepted ? ExitCodes.Ok : ExitCodes.Failed;
        }));
        return command;
    }

    private static T? Choice<T>(System.CommandLine.Parsing.ArgumentResult result, string option)
        where T : struct, Enum
    {
        var text = result.Tokens[0].Value;
        foreach (var value in Enum.GetValues<T>())
        {
            if (text.Equals(value.ToString(), StringComparison.OrdinalIgnoreCase))
                return value;
        }

        result.AddError($"{option}: '{text}' is none of {string.Join(", ", WireNames.All<T>())}.");
        return null;
    }

    private static Source FindSource(string? config, string name)
    {
        var sources = SettingsFile.Read(config, HostSettings.DefaultUrls, HostSettings.DefaultData, serves: false).Shared.Sources;
        return sources.Find(name) ?? throw new UsageException(sources.All.Count == 0
            ? $"--source: there is no source '{name}'; the settings have none at all."
            : $"--source: there is no source '{name}'; the settings have {string.Join(", ", sources.All.Select(source => source.Name))}.");
    }

    private static Uri? ReadUrl(string? text)
    {
        if (text is null)
            return null;

        // Not quoted: it holds the notify token.
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new UsageException("--url: it is not an http or https URL.");
    }

    private static SignedRequest ReadHeaders(string[] headers)
    {
        var request = new SignedRequest { Url = new("http://localhost/"), Body = default };
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
                throw new UsageException($"--header: '{header}' is not NAME: VALUE.");

            var (name, value) = (header[..colon].Trim(), header[(colon + 1)..].Trim());
            if (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
                request = request with { Authorization = value };
            else if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
                request = request with { ContentType = value };
            else if (ProviderKinds.SignsHeader(name))
                request = request with { SignedHeaders = [.. request.SignedHeaders, new(name, value)] };
            else if (SignedRequest.CallHeaderNames.Contains(name, StringComparer.OrdinalIgnoreCase))
                request = request with { CallHeaders = [.. request.CallHeaders, new(name, value)] };
        }

        return request;
    }

    private static void WriteJson(Terminal terminal, DecodedBody decoded)
    {
        var type = (System.Text.Json.Serialization.Metadata.JsonTypeInfo<DecodedBody>)Readable.GetTypeInfo(typeof(DecodedBody));
        terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(decoded, type)));
    }

    private static void WriteText(Terminal terminal, ReportChannel channel, List<BodyInterpretation> readings)
    {
        foreach (var reading in readings.Where(reading => reading.Problem is not null))
            terminal.WriteText(new(WireNames.Of(reading.Provider), Terminal.Bold), ": not understood: ", new Piece(reading.Problem!, Terminal.Wrong));

        // The families of one vendor often read a body alike.
        var understood = readings.Where(reading => reading.Job is not null).GroupBy(reading => reading.Report).Select(alike => alike.ToList()).ToList();
        foreach (var alike in understood)
        {
            terminal.WriteLine(
                new(string.Join(" and ", alike.Select(reading => WireNames.Of(reading.Provider))), Terminal.Bold),
                channel == ReportChannel.Poll ? ": understood as a poll answer" : ": understood as a notification");
            WriteJob(terminal, alike[0]);
            terminal.WriteLine();
        }

        if (understood.Count > 1)
            terminal.WriteText(new Piece("It can be read in several ways; --provider or --source says which is meant.", Terminal.Dim));

        // A body that nobody understood may have a signature nonetheless.
        if (understood.Count == 0 && readings is [{ Trust: { } trust, Becomes: { } becomes }])
        {
            terminal.WriteText("trust: ", TrustPiece(trust), "  ", Consequence(readings[0], becomes));
            foreach (var (name, value) in Signature(readings[0]))
                terminal.WriteText(new(name + ": ", Terminal.Dim), value);
        }
    }

    private static void WriteJob(Terminal terminal, BodyInterpretation reading)
    {
        var job = reading.Job!;
        var facts = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(2)).AddColumn();
        Add("id", job.Id == BodyInterpretation.Unnamed ? "(the body names none)" : new Piece(job.Id, Terminal.Bold));
        Add("state", Terminal.State(job.State));
        AddKnown("bucket", job.Bucket);
        AddKnown("key", job.Key);
        AddKnown("pipeline", job.Pipeline);
        AddKnown("request id", job.RequestId);
        AddKnown("task from", job.TaskFrom);
        AddKnown("created", job.CreatedAt?.UtcDateTime.ToString("u", CultureInfo.InvariantCulture));
        Add("notification", WireNames.Of(job.Notification));
        Add("commands", string.Create(
            CultureInfo.InvariantCulture,
            $"{job.Counts.Total}: {job.Counts.Succeeded} succeeded, {job.Counts.Failed} failed, {job.Counts.Running} open"));
        Add("closes the job", YesNo(reading.Closes == true));
        Add("outcome", reading.Outcome is { } outcome ? Terminal.State(outcome)
            : reading.Closes == true ? "none yet: the processing is over, but the body does not say how each command ended, so the status API is asked"
            : "none yet");
        Add("asks for a poll", YesNo(reading.AsksForPoll == true));
        if (reading.OutOfScope is { } outOfScope)
            Add("scope", new Piece(outOfScope, Terminal.Wrong));
        if (reading is { Trust: { } trust, Becomes: { } becomes })
        {
            Add("trust", TrustPiece(trust));
            foreach (var (name, value) in Signature(reading))
                Add(name, value);
            Add("so", Consequence(reading, becomes));
        }

        terminal.Console.Write(facts);
        WriteItems(terminal, job);

        void Add(string name, Piece value) => facts.AddRow(Terminal.Cell(new(name, Terminal.Dim)), Terminal.Cell(value));

        void AddKnown(string name, string? value)
        {
            if (value is not null)
                Add(name, value);
        }
    }

    private static void WriteItems(Terminal terminal, JobRecord job)
    {
        if (job.Items.Count == 0)
            return;

        var table = new TextTable(terminal, "command", "state", "result");
        foreach (var item in job.Items.Take(MaxItems))
            table.Add(DisplayText.Cut(item.Command, 400), Terminal.State(item.State), ResultOf(item));
        table.Write();
        if (job.Items.Count > MaxItems)
            terminal.WriteLine(new Piece($"… and {job.Items.Count - MaxItems} more commands; --json shows them all.", Terminal.Dim));
    }

    private static Piece ResultOf(JobItem item)
    {
        if (item.Error is { } error)
        {
            var where = item.ErrorIndex is { } index ? string.Create(CultureInfo.InvariantCulture, $" (segment {index})") : "";
            return new(DisplayText.Cut(error, 400) + where, Terminal.Wrong);
        }

        var outputs = string.Join(", ", item.Outputs.Take(MaxOutputs).Select(output => output.Bucket is null ? output.Key : $"{output.Bucket}:{output.Key}"));
        if (item.Outputs.Count > MaxOutputs)
            outputs += string.Create(CultureInfo.InvariantCulture, $" and {item.Outputs.Count - MaxOutputs} more");
        if (item.Outputs.Count == 0 && item.Result is { } result)
            outputs = DisplayText.Cut(result.GetRawText(), 200);
        return item.ReusedOldOutput == true
            ? new Piece(outputs + " (old output, nothing was processed)", new Style(Color.Yellow))
            : outputs;
    }

    private static Piece TrustPiece(Trust trust) => trust switch
    {
        Trust.Strong => new("strong: the signature is right and covers the body", new Style(Color.Green)),
        Trust.Weak => new("weak: the signature is right and does not cover the body", new Style(Color.Yellow)),
        Trust.None => new("none: there is no signature, or the source has no key to check it with", new Style(Color.Yellow)),
        _ => new("invalid: the signature is wrong, or its access key is not among the source's keys", Terminal.Wrong),
    };

    private static IEnumerable<(string Name, Piece Value)> Signature(BodyInterpretation reading)
    {
        if (reading.Signature is not { } signature)
            yield break;

        yield return ("why", new(signature.ToWords(), Terminal.Wrong));
        yield return ("checked for", signature.CheckedUrl);
        if (signature.SignedUrl is { } signedUrl)
            yield return ("right for", signedUrl);
        yield return ("to do", signature.Suggestion);
    }

    private static Piece Consequence(BodyInterpretation reading, NotificationResult becomes) => (reading.UrlProblem, becomes) switch
    {
        ({ } problem, _) => new Piece($"it is answered 404 and has no effect: {problem}", Terminal.Wrong),
        (_, NotificationResult.Recorded) => "it is recorded, and may settle the job",
        (_, NotificationResult.Hinted) => "it is a hint only: the status API is asked now",
        _ => "it is kept in quarantine",
    };

    private static string YesNo(bool yes) => yes ? "yes" : "no";
}
