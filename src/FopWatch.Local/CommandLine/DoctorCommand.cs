using System.CommandLine;
using System.Text.Json;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

/// <summary><c>doctor</c>: diagnoses an installation.</summary>
internal static class DoctorCommand
{
    private const string More = """
        Asks the running host to examine its settings, the status APIs, the path of notifications, its webhooks, its traffic, its data folder
        and its clock. If no host answers, it examines the settings, the status APIs, the receivers of webhooks, the data folder and the
        database itself, using --config and --data. It lists what it skipped, and why.

        The report names sources, access keys and hosts. It holds no ids, tokens, secret keys or bodies. docs/doctor.md explains each finding.

        Examples:
          $ fopwatch doctor
          $ fopwatch doctor --url https://fopwatch.example.com --json
          $ fopwatch doctor --config fopwatch.json --data ./fopwatch-data

        Exit codes:
          0  no trouble was found; there may be warnings
          1  trouble was found
          2  wrong usage, or refused by the host, for example while another examination runs
          3  no host answers; the checks that need no host were run
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var data = PlaceOptions.Data();
        var config = PlaceOptions.Config();
        var json = new Option<bool>("--json") { Description = "Print the JSON of POST /api/doctor." };
        var command = new ExplainedCommand("doctor", "Finds out what is wrong with an installation, and how to fix it.", More);
        var host = new HostOptions();
        host.AddTo(command);
        command.Options.Add(data);
        command.Options.Add(config);
        command.Options.Add(json);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var (report, unreached) = (default(DoctorReport), default(string));
            using (var client = host.Connect(result, terminal))
            {
                try
                {
                    report = await client.ExamineAsync(cancellationToken);
                }
                catch (FopWatchUnreachableException e)
                {
                    unreached = e.Message.TrimEnd('.');
                }
            }

            if (unreached is not null)
            {
                terminal.WriteErrorLine($"No host was asked: {unreached}. Only the checks that need no host were run.");
                report = await OfflineDoctor.ExamineAsync(
                    result.GetValue(config), PlaceOptions.PathOf("--data", result.GetValue(data)), "No host was asked.", line => terminal.WriteErrorLine(line), cancellationToken);
            }

            if (result.GetValue(json))
                terminal.Output.WriteLine(JsonSerializer.Serialize(report!, FopWatchJson.TypeOf<DoctorReport>()));
            else
                new DoctorText(terminal).Write(report!);
            return unreached is not null ? ExitCodes.Unreachable
                : report!.Findings.Any(finding => finding.Level == "trouble") ? ExitCodes.Failed
                : ExitCodes.Ok;
        }));
        return command;
    }
}
