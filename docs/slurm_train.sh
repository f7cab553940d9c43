#!/usr/bin/env bash
# `mvdream train` on several machines with several GPUs each: one process for each GPU, started by srun.
#
#   sbatch docs/slurm_train.sh --data /shared/views --init sd-v2.1-base --out /shared/runs/mv --preset a100-80gb
#
# Five minutes before its time is over all processes are told; they end their step together, the first saves, and the job puts
# itself back into the queue, where the same command goes on. So it does when it is preempted. When a process is lost, the others
# say which one and end, srun ends what is left, and the job goes back too; when a machine dies, Slurm puts it back (--requeue).
# Another number of machines may go on: the batch and the losses stay the same. Data and --out lie on storage that all share.
#
#SBATCH --job-name=mvdream-train
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@300
#SBATCH --open-mode=append
#SBATCH --output=slurm-%j.log
set -u
MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))
export MASTER_ADDR MASTER_PORT

srun --kill-on-bad-exit=1 bash -c '
    export RANK=$SLURM_PROCID WORLD_SIZE=$SLURM_NTASKS LOCAL_RANK=$SLURM_LOCALID LOCAL_WORLD_SIZE=$SLURM_NTASKS_PER_NODE
    exec mvdream train "$@"
' mvdream "$@"
code=$?
# 143: told and saved. 2: wrong settings, which no second try mends. Anything else: a process was lost; a few tries, no more.
if [ "$code" -eq 143 ] || { [ "$code" -ne 0 ] && [ "$code" -ne 2 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 20 ]; }; then
    scontrol requeue "$SLURM_JOB_ID"
    exit 0
fi
exit "$code"
