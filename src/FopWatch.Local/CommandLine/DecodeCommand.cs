using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Local.Hosting;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using Spectre.Console;

namespace FopWatch.Local.CommandLine;

/// <summary><c>decode</c>: shows how FopWatch understands a captured body, and how far it would trust it.</summary>
internal static class DecodeCommand
{
    private const int MaxItems = 50;
    private const int MaxOutputs = 3;
    private const string InUtf16 = "The file is in UTF-16, which no provider sends. Save it as UTF-8, byte for byte as received.";

    private const string More = """
        Examples:
          $ fopwatch decode body.json
          $ fopwatch decode answer.json --channel poll --provider qiniu
          $ fopwatch decode callback.txt --channel upload --source media
          $ curl -sf http://127.0.0.1:7071/api/quarantine/KEY/body | fopwatch decode -
          $ fopwatch decode body.txt --config fopwatch.json --source media --url https://hooks.example.com/api/notify/media/TOKEN --authorization 'Qiniu AK:SIGNATURE' --content-type application/json

        If a signature is invalid, the command tries other hosts, paths, queries and content types, and prints the combination for which it
        is valid. --header 'Host: …', 'X-Forwarded-Host: …' and 'Forwarded: host=…' add hosts to try.

        Nothing is sent, stored or settled. Secrets in commands are redacted.

        Exit codes:
          0  understood
          1  FopWatch would quarantine the body (not understood, invalid signature, or a bucket or pipeline that --source does not list), ignore such a poll answer, or answer 404 (no valid token in --url)
          2  wrong usage, an unreadable file, an unknown source, or wrong settings
          5  the output cannot be written
        """;

    private static readonly JsonSerializerOptions Readable = new(DecodeJson.Default.Options)
    {
        // Keys in other scripts stay readable. Control characters are escaped afterwards.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "A file with the body, byte for byte; - for standard input." };
        var provider = new Option<ProviderKind?>("--provider")
        {
            Description = "The provider that sent the body (default: that of --source; without it, all are tried).",
            HelpName = "qiniu|wangsuFmgr|wangsuFops",
            CustomParser = result => Choice<ProviderKind>(result, "--provider"),
        };
        var channel = new Option<BodyChannel?>("--channel")
        {
            Description = "How the body arrived: as a notification, as the answer of a status API, or as an upload callback. The same code has different "
                + "meanings in the first two (default: notification, or upload if --url has /api/uploads).",
            HelpName = "notification|poll|upload",
            CustomParser = result => Choice<BodyChannel>(result, "--channel"),
        };
        var json = new Option<bool>("--json") { Description = "Print JSON: the job as in events, and what the body means." };
        var config = PlaceOptions.Config();
        var source = new Option<string?>("--source") { Description = "A source in the settings, whose provider, keys and trust setting apply.", HelpName = "NAME" };
        var url = new Option<string?>("--url")
        {
            Description = "The complete notify URL or callbackUrl as given to the provider. The signature covers it. It is not printed.",
            HelpName = "URL",
        };
        var authorization = new Option<string?>("--authorization") { Description = "The Authorization header of the request.", HelpName = "VALUE" };
        var contentType = new Option<string?>("--content-type") { Description = "The Content-Type header of the request.", HelpName = "VALUE" };
        var headers = new Option<string[]>("--header")
        {
            Description = "A header of the request: Authorization, Content-Type, X-Qiniu-*, Host, X-Forwarded-Host or Forwarded. Others are ignored. Can be repeated.",
            HelpName = "'NAME: VALUE'",
        };
        var command = new ExplainedCommand(
            "decode",
            "Shows how a captured notification, poll answer or upload callback is understood, and whether its signature is valid.",
            More)
        {
            file, provider, channel, json, config, source, url, authorization, contentType, headers,
        };
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var (named, kind) = (result.GetValue(source), result.GetValue(provider));
            var found = named is null ? null : FindSource(result.GetValue(config), named);
            if (kind is not null && found is not null && kind != found.Provider.Kind)
                throw new UsageException($"--provider: the provider of the source '{named}' is {WireNames.Of(found.Provider.Kind)}.");

            var signed = ReadHeaders(result.GetValue(headers) ?? []);
            signed = signed with
            {
                Authorization = result.GetValue(authorization) ?? signed.Authorization,
                ContentType = result.GetValue(contentType) ?? signed.ContentType,
            };
            var to = ReadUrl(result.GetValue(url));
            var way = result.GetValue(channel)
                ?? (to?.AbsolutePath.Contains("/api/uploads/", StringComparison.OrdinalIgnoreCase) == true ? BodyChannel.Upload : BodyChannel.Notification);
            if (signed.Authorization is not null && (found is null || to is null))
                throw new UsageException("To check the authorization, give --source (with its keys in the settings) and --url.");
            if (signed.Authorization is not null && way == BodyChannel.Poll)
                throw new UsageException("A poll answer has no authorization: FopWatch requested it.");

            var body = await InputFile.ReadAsync(terminal, result.GetValue(file)!, cancellationToken);
            var request = way != BodyChannel.Poll && to is not null ? signed with { Url = to, Body = body } : null;
            if (way == BodyChannel.Upload)
                return ShowUpload(terminal, found, kind, body, request, result.GetValue(json));
            var reported = way == BodyChannel.Poll ? ReportChannel.Poll : ReportChannel.Notification;
            IEnumerable<IProvider> providers = (found?.Provider, kind) switch
            {
                ({ } configured, _) => [configured],
                (_, { } known) => [ProviderKinds.For(known)],
                _ => Enum.GetValues<ProviderKind>().Select(ProviderKinds.For),
            };
            var now = terminal.Time.GetUtcNow();
            var readings = providers.Select(one => BodyInterpretation.Of(one, reported, body, found, request, now)).ToList();
            if (result.GetValue(json))
                WriteJson(terminal, new(way, body.Length, readings));
            else
                WriteText(terminal, reported, readings);
            if (InputFile.IsUtf16(body))
                terminal.WriteErrorLine(InUtf16);
            var accepted = readings.Any(reading => reading is { Job: not null, UrlProblem: null, OutOfScope: null, Becomes: not NotificationResult.Quarantined });
            return accepted ? ExitCodes.Ok : ExitCodes.Failed;
        }));
        return command;
    }

    private static int ShowUpload(Terminal terminal, Source? source, ProviderKind? kind, byte[] body, SignedRequest? request, bool asJson)
    {
        var provider = source?.Provider ?? ProviderKinds.For(kind ?? ProviderKind.Qiniu);
        if (provider.UploadCallbacks is not { } callbacks)
            throw new UsageException($"--channel: {WireNames.Of(provider.Kind)} has no upload callbacks; {WireNames.Of(ProviderKind.Qiniu)} has.");
        var upload = UploadInterpretation.Of(provider, callbacks, body, source, request);
        if (asJson)
            WriteJson(terminal, new(BodyChannel.Upload, body.Length, null, upload));
        else
            upload.Write(terminal);
        if (InputFile.IsUtf16(body))
            terminal.WriteErrorLine(InUtf16);
        return upload.IsTaken ? ExitCodes.Ok : ExitCodes.Failed;
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

        result.AddError($"{option}: '{text}' is not one of {string.Join(", ", WireNames.All<T>())}.");
        return null;
    }

    private static Source FindSource(string? config, string name)
    {
        var sources = SettingsFile.Read(config, HostSettings.DefaultUrls, HostSettings.DefaultData, serves: false).Shared.Sources;
        return sources.Find(name) ?? throw new UsageException(sources.All.Count == 0
            ? $"--source: there is no source '{name}'. The settings have no sources."
            : $"--source: there is no source '{name}'. The settings have {string.Join(", ", sources.All.Select(source => source.Name))}.");
    }

    private static Uri? ReadUrl(string? text)
    {
        if (text is null)
            return null;

        // Not quoted: it holds the notify token.
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new UsageException("--url: this is not an http or https URL.");
    }

    private static SignedRequest ReadHeaders(string[] headers)
    {
        var request = new SignedRequest { Url = new("http://localhost/"), Body = default };
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
                throw new UsageException($"--header: '{header}' is not of the form NAME: VALUE.");

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

        // The provider kinds of one vendor often decode a body alike.
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
            terminal.WriteText(new Piece("The body can be read in several ways. Give --provider or --source to choose one.", Terminal.Dim));

        // A body that no decoder understood can still have a signature.
        if (understood.Count == 0 && readings is [{ Trust: { } trust, Becomes: { } becomes }])
        {
            terminal.WriteText("trust: ", TrustPiece(trust), "  ", Consequence(readings[0], becomes));
            foreach (var (name, value) in InWords(readings[0].Signature))
                terminal.WriteText(new(name + ": ", Terminal.Dim), value);
        }
    }

    private static void WriteJob(Terminal terminal, BodyInterpretation reading)
    {
        var job = reading.Job!;
        var facts = new FactList();
        facts.Add("id", job.Id == BodyInterpretation.Unnamed ? "(not in the body)" : new Piece(job.Id, Terminal.Bold));
        facts.Add("state", Terminal.State(job.State));
        facts.AddKnown("bucket", job.Bucket);
        facts.AddKnown("key", job.Key);
        facts.AddKnown("pipeline", job.Pipeline);
        facts.AddKnown("request id", job.RequestId);
        facts.AddKnown("task from", job.TaskFrom);
        facts.AddKnown("created", job.CreatedAt?.UtcDateTime.ToString("u", CultureInfo.InvariantCulture));
        facts.Add("notification", WireNames.Of(job.Notification));
        var (total, succeeded, failed, open) = job.Counts;
        facts.Add("commands", string.Create(
            CultureInfo.InvariantCulture,
            $"{total}: {succeeded} succeeded, {failed} failed, {open} open, {total - succeeded - failed - open} skipped"));
        facts.Add("closes the job", YesNo(reading.Closes == true));
        facts.Add("outcome", reading.Outcome is { } outcome ? Terminal.State(outcome)
            : reading.Closes == true ? "none yet: processing is over, but the body does not say how each command ended, so FopWatch polls the status API"
            : "none yet");
        facts.Add("asks for a poll", YesNo(reading.AsksForPoll == true));
        if (reading.OutOfScope is { } outOfScope)
            facts.Add("scope", new Piece(outOfScope, Terminal.Wrong));
        if (reading is { Trust: { } trust, Becomes: { } becomes })
        {
            facts.Add("trust", TrustPiece(trust));
            foreach (var (name, value) in InWords(reading.Signature))
                facts.Add(name, value);
            facts.Add("so", Consequence(reading, becomes));
        }

        facts.Write(terminal);
        WriteItems(terminal, job);
    }

    private static void WriteItems(Terminal terminal, JobRecord job)
    {
        if (job.Items.Count == 0)
            return;

        var table = new TextTable(terminal, "command", "state", "result");
        foreach (var item in job.Items.Take(MaxItems))
            table.Add(TextCut.Of(item.Command, 400), Terminal.State(item.State), ResultOf(item));
        table.Write();
        if (job.Items.Count > MaxItems)
            terminal.WriteLine(new Piece($"… and {job.Items.Count - MaxItems} more commands; --json shows all of them.", Terminal.Dim));
    }

    private static Piece ResultOf(JobItem item)
    {
        if (item.Error is { } error)
        {
            var where = item.ErrorIndex is { } index ? string.Create(CultureInfo.InvariantCulture, $" (segment {index})") : "";
            return new(TextCut.Of(error, 400) + where, Terminal.Wrong);
        }

        var outputs = string.Join(", ", item.Outputs.Take(MaxOutputs).Select(output => output.Bucket is null ? output.Key : $"{output.Bucket}:{output.Key}"));
        if (item.Outputs.Count > MaxOutputs)
            outputs += string.Create(CultureInfo.InvariantCulture, $" and {item.Outputs.Count - MaxOutputs} more");
        if (item.Outputs.Count == 0 && item.Result is { } result)
            outputs = TextCut.Of(result.GetRawText(), 200);
        return item.ReusedOldOutput == true
            ? new Piece(outputs + " (reused old output, nothing was processed)", new Style(Color.Yellow))
            : outputs;
    }

    internal static Piece TrustPiece(Trust trust) => trust switch
    {
        Trust.Strong => new("strong: the signature is valid and covers the body", new Style(Color.Green)),
        Trust.Weak => new("weak: the signature is valid but does not cover the body", new Style(Color.Yellow)),
        Trust.None => new("none: there is no signature, or the source has no key to check it", new Style(Color.Yellow)),
        _ => new("invalid: the signature is wrong, or its access key is not one of the source's keys", Terminal.Wrong),
    };

    /// <summary>Why a signature is invalid, as names and values.</summary>
    internal static IEnumerable<(string Name, Piece Value)> InWords(SignatureDiagnosis? signature)
    {
        if (signature is null)
            yield break;

        yield return ("why", new(signature.ToWords(), Terminal.Wrong));
        yield return ("checked for", signature.CheckedUrl);
        if (signature.SignedUrl is { } signedUrl)
            yield return ("valid for", signedUrl);
        yield return ("what to do", signature.Suggestion.ToString());
    }

    private static Piece Consequence(BodyInterpretation reading, NotificationResult becomes) => (reading.UrlProblem, becomes) switch
    {
        ({ } problem, _) => new Piece($"answered 404, no effect: {problem}", Terminal.Wrong),
        (_, NotificationResult.Recorded) => "recorded; can settle the job",
        (_, NotificationResult.Hinted) => "hint only: FopWatch polls the status API at once",
        _ => "quarantined",
    };

    private static string YesNo(bool yes) => yes ? "yes" : "no";
}
