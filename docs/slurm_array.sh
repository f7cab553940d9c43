#!/usr/bin/env bash
# Many prompts as an array of Slurm jobs, without Ray: job k of n makes every n-th prompt.
#
#   sbatch --array=1-64 docs/slurm_array.sh prompts.txt objects --preset a100 --model sd-v2.1-base-4view
#
# Two minutes before its time is over, a job is told; mvdream saves its state and ends, and the job puts itself back into the
# queue, where it goes on. So it does when it is preempted, and when its machine dies Slurm puts it back (--requeue).
# PROMPTS, OUT and the folder in which sbatch is called lie on storage that all machines share. When all jobs are done,
# `mvdream to3d --prompts prompts.txt --out objects ...` on one machine passes over all of it and writes the whole table.
#
#SBATCH --job-name=mvdream
#SBATCH --gpus=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=48G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@120
#SBATCH --open-mode=append
#SBATCH --output=slurm-%A_%a.log
set -u
prompts=$1 out=$2
shift 2
job=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}
part=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT

stopped=
stop() {
    stopped=yes
    kill -TERM "$child" 2>/dev/null
}
trap stop TERM

# in the background, because bash runs a trap only when no command is in front
mvdream to3d --prompts "$prompts" --part "$part" --out "$out" "$@" &
child=$!
wait "$child"
code=$?
while [ -n "$stopped" ] && kill -0 "$child" 2>/dev/null; do # the signal ended `wait`, not the child, which is saving
    wait "$child"
    code=$?
done
if [ -n "$stopped" ] && [ "$code" -eq 143 ]; then
    scontrol requeue "$job"
    exit 0
fi
exit "$code"
